import type { AttemptRecord, Job } from './job.ts';
import { type Spent, spend } from './spend.ts';

type Closing = Omit<
  Partial<AttemptRecord>,
  'attempt' | 'via' | 'upstream' | 'model' | 'startedAtMs' | 'usage' | 'usageEstimated'
>;

/** The ledger with one more attempt, still open. */
export const openAttempt = (
  ledger: readonly AttemptRecord[],
  record: AttemptRecord,
): AttemptRecord[] => [...ledger, record];

/**
 * The ledger with the job's present attempt closed, and what it took on its account; one that is
 * closed already stays as it is.
 */
export const closeAttempt = (
  job: Pick<Job, 'ledger' | 'attempt'>,
  closing: Closing,
  spent?: Spent,
): AttemptRecord[] => {
  const isPresent = ({ attempt, outcome }: AttemptRecord): boolean =>
    attempt === job.attempt && outcome === undefined;
  if (!job.ledger.some(isPresent)) return job.ledger;
  const accounted = spent === undefined ? job.ledger : spend(job.ledger, job.attempt, spent);
  return accounted.map((record) => (isPresent(record) ? { ...record, ...closing } : record));
};

/** What the last failed attempt failed of, for a client to read; undefined when none failed. */
export const lastFailure = (job: Pick<Job, 'ledger'>): string | undefined =>
  job.ledger.findLast((record) => record.errorMessage !== undefined)?.errorMessage;
