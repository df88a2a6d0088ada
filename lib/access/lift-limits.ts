import type { Tenant } from '../ports/tenants.ts';
import type { Deps } from '../ports.ts';
import type { LimitName } from '../wire/tenant-limits.ts';
import { parseTenantName } from './tenant-name.ts';

/**
 * Lifts limits, or all of them; what is not set is fine. Returns what is left, undefined when the
 * tenant has no limits any more. Throws Fault `invalid_value` for what is no name,
 * `store_unavailable` or `item_unreadable`.
 */
export const liftLimits = async (
  deps: Pick<Deps, 'tenants' | 'clock'>,
  name: string,
  limits: readonly LimitName[] | 'all',
): Promise<Tenant | undefined> => {
  const tenant = parseTenantName(name);
  if (limits !== 'all') {
    return deps.tenants.change(tenant, { set: {}, lift: limits }, deps.clock.nowMs());
  }
  await deps.tenants.remove(tenant);
  return undefined;
};
