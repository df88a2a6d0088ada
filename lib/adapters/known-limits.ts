import { limitsFreshMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import type { KnownLimits, TenantStore } from '../ports/tenants.ts';
import type { TenantLimits } from '../wire/tenant-limits.ts';
import { remembered } from './remembered.ts';

const maxTenants = 1_000;

/** Limits that a sandbox has looked up, of the tenants it saw last. */
export const knownLimits = (
  tenants: Pick<TenantStore, 'find'>,
  clock: Pick<Clock, 'nowMs'>,
): KnownLimits => {
  const known = new Map<string, () => Promise<TenantLimits>>();
  return {
    of(tenant) {
      const look =
        known.get(tenant) ??
        remembered(async () => (await tenants.find(tenant))?.limits ?? {}, limitsFreshMs, clock);
      known.delete(tenant);
      known.set(tenant, look);
      const [oldest] = known.keys();
      if (known.size > maxTenants && oldest !== undefined) known.delete(oldest);
      return look();
    },
  };
};
