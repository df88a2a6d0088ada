import { Fault } from '../errors.ts';
import type { Tenant } from '../ports/tenants.ts';
import type { Deps } from '../ports.ts';
import { type LimitName, parseTenantLimits } from '../wire/tenant-limits.ts';
import { parseTenantName } from './tenant-name.ts';

/**
 * Sets limits and leaves the tenant's others; the tenant need not exist. The gateway may go on with
 * the old ones for as long as it keeps an authorizer's answer. Throws Fault `invalid_value` that names
 * the limit and what it takes, `store_unavailable` or `item_unreadable`.
 */
export const setLimits = async (
  deps: Pick<Deps, 'tenants' | 'clock'>,
  name: string,
  limits: Readonly<Partial<Record<LimitName, unknown>>>,
): Promise<Tenant> => {
  const change = { set: parseTenantLimits(limits), lift: [] };
  const tenant = await deps.tenants.change(parseTenantName(name), change, deps.clock.nowMs());
  if (tenant !== undefined) return tenant;
  throw new Fault('store_unavailable', `The limits of ${name} were taken away at the same time.`);
};
