import type { Job } from './job.ts';

/*
 * A crash is an attempt that the sweep closed as `lost`. It may have been a neighbour's doing, whose
 * job took the sandbox with it: so the first one is not charged, and from then on the job runs alone.
 */

/** How many of the job's attempts ended with their sandbox. */
export const crashesOf = (job: Pick<Job, 'ledger'>): number =>
  job.ledger.filter(({ outcome }) => outcome === 'lost').length;

/** The strikes the job has once its present attempt is lost too. */
export const strikesAfterCrash = (job: Pick<Job, 'ledger' | 'strikes'>): number =>
  crashesOf(job) === 0 ? Math.max(0, job.strikes - 1) : job.strikes;
