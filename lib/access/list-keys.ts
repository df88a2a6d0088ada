import type { ApiKey } from '../ports/keys.ts';
import type { Deps } from '../ports.ts';

/**
 * A tenant's keys, revoked ones too, oldest first; neither secrets nor hashes are among what is known
 * of a key. Throws Fault `store_unavailable` or `item_unreadable`.
 */
export const listKeys = (deps: Pick<Deps, 'apiKeys'>, tenant: string): Promise<readonly ApiKey[]> =>
  deps.apiKeys.list(tenant);
