import type { AttemptRecord, Job } from './job.ts';

type Closing = Omit<
  Partial<AttemptRecord>,
  'attempt' | 'via' | 'upstream' | 'model' | 'startedAtMs'
>;

/** The ledger with one more attempt, still open. */
export const openAttempt = (
  ledger: readonly AttemptRecord[],
  record: AttemptRecord,
): AttemptRecord[] => [...ledger, record];

/** The ledger with the job's present attempt closed; one that is closed already stays as it is. */
export const closeAttempt = (
  job: Pick<Job, 'ledger' | 'attempt'>,
  closing: Closing,
): AttemptRecord[] =>
  job.ledger.map((record) =>
    record.attempt === job.attempt && record.outcome === undefined
      ? { ...record, ...closing }
      : record,
  );

/** What the last failed attempt failed of, for a client to read; undefined when none failed. */
export const lastFailure = (job: Pick<Job, 'ledger'>): string | undefined =>
  job.ledger.findLast((record) => record.errorMessage !== undefined)?.errorMessage;
