import type { Job } from './job.ts';

/** What `turn` says of a tenant's jobs; also a partition of the index `turns`. */
export const turnKey = (tenant: string, state: 'live' | 'waiting'): string => `${state}#${tenant}`;

/** Nobody sends for it until one of its tenant's slots is free. */
export const awaitsTurn = (job: Pick<Job, 'turn' | 'tenant'>): boolean =>
  job.turn === turnKey(job.tenant, 'waiting');
