import type { Tenant } from '../ports/tenants.ts';
import type { Deps } from '../ports.ts';
import { parseTenantName } from './tenant-name.ts';

type TenantDeps = Pick<Deps, 'tenants'>;

/** Every tenant that was given limits, by name. Throws Fault `store_unavailable` or `item_unreadable`. */
export const listTenants = (deps: TenantDeps): Promise<readonly Tenant[]> => deps.tenants.list();

/**
 * One tenant; undefined when it was given no limits. Throws Fault `invalid_value` for what is no name,
 * `store_unavailable` or `item_unreadable`.
 */
export const findTenant = async (deps: TenantDeps, name: string): Promise<Tenant | undefined> =>
  deps.tenants.find(parseTenantName(name));
