import type { ApiKey } from '../../lib/ports.ts';
import { renderTable } from '../render-table.ts';

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');

/** The one time a secret is seen. */
export const showCreated = (
  { id, tenant, scopes }: ApiKey,
  secret: string,
  apiUrl: string | undefined,
): readonly string[] => [
  `Key:    ${secret}`,
  `Id:     ${id}   tenant ${tenant}, scopes ${scopes.join(',')}`,
  'This is the only time the key is shown: it is stored nowhere, only its hash is. Keep it now.',
  ...(apiUrl === undefined
    ? []
    : [
        'Try it:',
        `curl ${apiUrl}/generate -H 'Authorization: Bearer ${secret}' -H 'Content-Type: application/json' -d '{"prompt": "Why do rivers bend?"}'`,
      ]),
];

/** A tenant's keys, without what would open anything. */
export const showKeys = (keys: readonly ApiKey[]): readonly string[] =>
  renderTable(
    ['id', 'scopes', 'created', 'revoked'],
    keys.map(({ id, scopes, createdAtMs, revokedAtMs }) => [
      id,
      scopes.join(','),
      time(createdAtMs),
      revokedAtMs === undefined ? '-' : time(revokedAtMs),
    ]),
  );

export const showRevoked = ({ id, tenant, revokedAtMs }: ApiKey): readonly string[] => [
  `Revoked: ${id} of tenant ${tenant}${revokedAtMs === undefined ? '' : `, at ${time(revokedAtMs)}`}.`,
  'It is refused within a minute: the gateway remembers an accepted key for up to 60 s.',
];
