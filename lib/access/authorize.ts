import { timingSafeEqual } from 'node:crypto';
import type { Deps } from '../ports.ts';
import { hashApiKey, isApiKey, parseBearer } from '../wire/api-key.ts';
import type { Grant } from '../wire/authorizer-policy.ts';
import { scopes } from './scopes.ts';

const isLocalKey = (hash: string, localKey: string | undefined): boolean =>
  localKey !== undefined && timingSafeEqual(Buffer.from(hash), Buffer.from(hashApiKey(localKey)));

/**
 * Whose key an Authorization header carries; undefined when it is malformed, unknown or revoked.
 * The local key has another form than keys of the table, so it is nobody's where none is configured.
 * Throws Fault `store_unavailable`.
 */
export const authorize = async (
  deps: Pick<Deps, 'apiKeys'>,
  header: string,
  localKey: string | undefined,
): Promise<Grant | undefined> => {
  const secret = parseBearer(header);
  if (secret === undefined) return undefined;
  const hash = hashApiKey(secret);
  if (isLocalKey(hash, localKey)) {
    return { keyId: 'local', tenant: 'local', scopes, limits: {} };
  }
  if (!isApiKey(secret)) return undefined;
  const key = await deps.apiKeys.find(hash);
  if (key === undefined || key.revokedAtMs !== undefined) return undefined;
  return { keyId: key.id, tenant: key.tenant, scopes: key.scopes, limits: {} };
};
