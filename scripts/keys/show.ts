import type { ApiKey, Rotation } from '../../lib/ports/keys.ts';
import { renderTable } from '../render-table.ts';
import { showTime } from '../show-time.ts';

/** Something that a key with these scopes may ask. */
const tryIt = (scopes: readonly string[], apiUrl: string, secret: string): string => {
  const authorized = `-H 'Authorization: Bearer ${secret}'`;
  return scopes.includes('generate')
    ? `curl ${apiUrl}/generate ${authorized} -H 'Content-Type: application/json' -d '{"prompt": "Why do rivers bend?"}'`
    : `curl ${apiUrl}/v1/models ${authorized}`;
};

/** The one time a secret is seen. */
export const showCreated = (
  { id, tenant, scopes, expiresAtMs }: ApiKey,
  secret: string,
  apiUrl: string | undefined,
): readonly string[] => [
  `Key:    ${secret}`,
  `Id:     ${id}   tenant ${tenant}, scopes ${scopes.join(',')}`,
  ...(expiresAtMs === undefined
    ? []
    : [`Until:  ${showTime(expiresAtMs)}, and refused within a minute from then.`]),
  'This is the only time the key is shown: it is stored nowhere, only its hash is. Keep it now.',
  ...(apiUrl === undefined ? [] : ['Try it:', tryIt(scopes, apiUrl, secret)]),
];

const showEnd = (expiresAtMs: number | undefined, nowMs: number): string => {
  if (expiresAtMs === undefined) return '-';
  return `${showTime(expiresAtMs)}${expiresAtMs <= nowMs ? ' (expired)' : ''}`;
};

/** A tenant's keys, without what would open anything. */
export const showKeys = (keys: readonly ApiKey[], nowMs: number): readonly string[] =>
  renderTable(
    ['id', 'scopes', 'created', 'expires', 'revoked'],
    keys.map(({ id, scopes, createdAtMs, expiresAtMs, revokedAtMs }) => [
      id,
      scopes.join(','),
      showTime(createdAtMs),
      showEnd(expiresAtMs, nowMs),
      revokedAtMs === undefined ? '-' : showTime(revokedAtMs),
    ]),
  );

export const showRevoked = ({ id, tenant, revokedAtMs }: ApiKey): readonly string[] => [
  `Revoked: ${id} of tenant ${tenant}${revokedAtMs === undefined ? '' : `, at ${showTime(revokedAtMs)}`}.`,
  'It is refused within a minute: the gateway remembers an accepted key for up to 60 s.',
];

/** What became of result URLs. */
export const showRotation = ({
  signsFromMs,
  keptFromMs,
  droppedFromMs,
}: Rotation): readonly string[] => [
  keptFromMs === undefined
    ? 'There was no signing key yet: the first one signs result URLs from now on.'
    : `A new key signs result URLs from ${showTime(signsFromMs)} on, once every function knows it.`,
  ...(keptFromMs === undefined
    ? []
    : [
        `The key of ${showTime(keptFromMs)} still verifies: URLs it signed stay good until they expire, 31 days at most, or until the next rotation drops it.`,
      ]),
  ...(droppedFromMs === undefined
    ? []
    : [
        `The key of ${showTime(droppedFromMs)} is dropped: URLs it signed are refused (403) within five minutes. Their results can be read with an API key, and GET /jobs/{id} gives a new URL.`,
      ]),
];

/** What receivers of a tenant's jobs' own callbacks verify with. */
export const showCallbackSecret = ({
  tenant,
  secret,
}: {
  readonly tenant: string;
  readonly secret: string;
}): readonly string[] => [
  `Secret: ${secret}`,
  `It signs the callbacks of the jobs of tenant ${tenant} that name a URL of their own. Keep it where receivers verify; POST /callback_endpoints/default/rotate replaces it.`,
];
