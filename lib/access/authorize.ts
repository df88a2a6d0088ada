import { timingSafeEqual } from 'node:crypto';
import type { Deps } from '../ports.ts';
import { hashApiKey, isApiKey, parseBearer } from '../wire/api-key.ts';
import type { Grant } from '../wire/authorizer-policy.ts';
import { scopes } from '../wire/scopes.ts';

const isLocalKey = (hash: string, localKey: string | undefined): boolean =>
  localKey !== undefined && timingSafeEqual(Buffer.from(hash), Buffer.from(hashApiKey(localKey)));

/** Undefined for a key that is unknown, revoked or expired. */
const ownerOf = async (
  deps: Pick<Deps, 'apiKeys' | 'clock'>,
  secret: string,
  localKey: string | undefined,
): Promise<Omit<Grant, 'limits'> | undefined> => {
  const hash = hashApiKey(secret);
  if (isLocalKey(hash, localKey)) return { keyId: 'local', tenant: 'local', scopes };
  if (!isApiKey(secret)) return undefined;
  const key = await deps.apiKeys.find(hash);
  if (key === undefined || key.revokedAtMs !== undefined) return undefined;
  if (key.expiresAtMs !== undefined && key.expiresAtMs <= deps.clock.nowMs()) return undefined;
  return { keyId: key.id, tenant: key.tenant, scopes: key.scopes };
};

/**
 * Whose key an Authorization header carries, and what its tenant is limited to; undefined when it is
 * malformed, unknown, revoked or expired. The local key has another form than keys of the table, so
 * it is nobody's where none is configured. Throws Fault `store_unavailable`, or `item_unreadable`: who
 * cannot be told to be unlimited is not let in.
 */
export const authorize = async (
  deps: Pick<Deps, 'apiKeys' | 'tenants' | 'clock'>,
  header: string,
  localKey: string | undefined,
): Promise<Grant | undefined> => {
  const secret = parseBearer(header);
  if (secret === undefined) return undefined;
  const owner = await ownerOf(deps, secret, localKey);
  if (owner === undefined) return undefined;
  const tenant = await deps.tenants.find(owner.tenant);
  return { ...owner, limits: tenant?.limits ?? {} };
};
