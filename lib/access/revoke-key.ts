import type { ApiKey } from '../ports/keys.ts';
import type { Deps } from '../ports.ts';

/**
 * Ends a key for good; the gateway may go on accepting it for as long as it keeps an authorizer's
 * answer. Again is the same as once: the first time stands. Undefined when the tenant has no such
 * key. Throws Fault `store_unavailable` or `item_unreadable`.
 */
export const revokeKey = (
  deps: Pick<Deps, 'apiKeys' | 'clock'>,
  tenant: string,
  keyId: string,
): Promise<ApiKey | undefined> => deps.apiKeys.revoke(tenant, keyId, deps.clock.nowMs());
