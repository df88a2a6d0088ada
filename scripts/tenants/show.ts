import type { Tenant } from '../../lib/ports/tenants.ts';
import { renderTable } from '../render-table.ts';
import { showTime } from '../show-time.ts';
import { limitEntries } from './limit-flags.ts';

const effect =
  'It takes effect within a minute: the gateway remembers what it knows of a key for up to 60 s.';

const limitRows = ({ limits }: Tenant): readonly (readonly string[])[] =>
  limitEntries.flatMap(([name, { title, show }]) =>
    limits[name] === undefined ? [] : [[title, show(limits[name])]],
  );

/** One tenant's limits; what is not listed is not limited. */
export const showTenant = (name: string, tenant: Tenant | undefined): readonly string[] => {
  const rows = tenant === undefined ? [] : limitRows(tenant);
  if (tenant === undefined || rows.length === 0) return [`The tenant ${name} has no limits.`];
  return [
    `Tenant ${name}, changed ${showTime(tenant.changedAtMs)}:`,
    ...renderTable(['limit', 'value'], rows),
  ];
};

/** What is now set, and when it counts. */
export const showChanged = (name: string, tenant: Tenant | undefined): readonly string[] => [
  ...showTenant(name, tenant),
  effect,
];

/** Every tenant that was given limits. */
export const showTenants = (tenants: readonly Tenant[]): readonly string[] =>
  tenants.length === 0
    ? ['No tenant has limits.']
    : tenants.flatMap((tenant) => showTenant(tenant.name, tenant));
