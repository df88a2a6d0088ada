import { Fault } from '../errors.ts';
import type { ApiKey } from '../ports/keys.ts';
import type { Deps } from '../ports.ts';
import { hashApiKey, newApiKey } from '../wire/api-key.ts';
import { clientScopes, scopes as knownScopes, type Scope } from '../wire/scopes.ts';
import { parseExpiry } from './key-expiry.ts';
import { parseTenantName } from './tenant-name.ts';

/** The owner of the local runtime's fixed key. */
const reservedTenant = 'local';

const parseOwner = (tenant: string): string => {
  if (tenant !== reservedTenant) return parseTenantName(tenant);
  throw new Fault('invalid_value', `The tenant ${reservedTenant} is kept for the local key.`, {
    param: 'tenant',
  });
};

const parseScope = (scope: string): Scope => {
  const known = knownScopes.find((name) => name === scope);
  if (known !== undefined) return known;
  throw new Fault(
    'invalid_value',
    `${JSON.stringify(scope)} is no scope: there are ${knownScopes.join(', ')}.`,
    { param: 'scopes' },
  );
};

export type NewKey = {
  readonly tenant: string;
  /** Repeated ones count once; without any the key gets what a client needs. */
  readonly scopes?: readonly string[] | undefined;
  /** How long it is good for, or until when, as `parseExpiry` takes it; without it, until revoked. */
  readonly expires?: string | undefined;
};

/**
 * A new key for a tenant, which need not exist yet. This is the one time its secret is seen: the
 * table holds a hash. Throws Fault `invalid_value` or `store_unavailable`; then the secret is lost and
 * opens nothing that anybody knows.
 */
export const createKey = async (
  deps: Pick<Deps, 'apiKeys' | 'clock' | 'ids'>,
  { tenant, scopes, expires }: NewKey,
): Promise<{ readonly key: ApiKey; readonly secret: string }> => {
  const asked = new Set(scopes?.map(parseScope));
  const nowMs = deps.clock.nowMs();
  const key: ApiKey = {
    id: `key_${deps.ids.next()}`,
    tenant: parseOwner(tenant),
    scopes: asked.size === 0 ? clientScopes : knownScopes.filter((scope) => asked.has(scope)),
    createdAtMs: nowMs,
    ...(expires === undefined ? {} : { expiresAtMs: parseExpiry(expires, nowMs) }),
  };
  const secret = newApiKey();
  await deps.apiKeys.create(key, hashApiKey(secret));
  return { key, secret };
};
