const prefix = 'TENANT#';

export const tenantPartition = (tenant: string): string => `${prefix}${tenant}`;

/** Undefined for a partition that is no tenant's. */
export const tenantOfPartition = (pk: string): string | undefined =>
  pk.startsWith(prefix) ? pk.slice(prefix.length) : undefined;

/** The item that holds who has a slot and how many jobs are live, and where all such are listed. */
export const jobsTally = { sk: 'jobs', listed: 'TENANT_JOBS' } as const;
