const prefix = 'TENANT#';

export const tenantPartition = (tenant: string): string => `${prefix}${tenant}`;

/** Undefined for a partition that is no tenant's. */
export const tenantOfPartition = (pk: string): string | undefined =>
  pk.startsWith(prefix) ? pk.slice(prefix.length) : undefined;

/** The item that holds who has a slot and how many jobs are live, and where all such are listed. */
export const jobsTally = { sk: 'jobs', listed: 'TENANT_JOBS' } as const;

/** A counter of a tenant's. */
export type TallyPlace = { readonly tenant: string; readonly sk: string; readonly field: string };

export const requestsOf = (tenant: string, windowMs: number): TallyPlace => ({
  tenant,
  sk: `window#${windowMs}`,
  field: 'requests',
});

export const tokensOf = (tenant: string, day: string): TallyPlace => ({
  tenant,
  sk: `day#${day}`,
  field: 'spent',
});
