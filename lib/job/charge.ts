import { type EndedJob, isEnded, type Job } from './job.ts';
import { tokensOf } from './tokens.ts';
import type { Clause, JobWrite } from './write.ts';

/** What is to be given back of what a job was charged when it was accepted. */
export type Settlement = {
  /** Marks it as given back: who does it is whose write lands, so that it is done once. */
  readonly write: JobWrite;
  /** To be added to what the tenant has spent on `day`; negative when less was used than reserved. */
  readonly tokens: number;
  readonly day: string | undefined;
  /** The job is live no more. */
  readonly isFirst: boolean;
};

const totalOf = (job: Job): number => {
  const { input, output } = tokensOf(job).generated;
  return input + output;
};

const seenAccount = ({ accountedTokens }: EndedJob): Clause =>
  accountedTokens === undefined
    ? { field: 'accountedTokens', absent: true }
    : { field: 'accountedTokens', is: accountedTokens };

/**
 * What an ended job's tenant is owed, or owes: the difference between what was reserved and what the
 * ledger says was used. Undefined when there is nothing to settle any more. The ledger can still grow
 * by what a cancelled attempt leaves, so a job may be settled again.
 */
export const settlementOf = (job: Job): Settlement | undefined => {
  if (!isEnded(job) || job.charge === undefined) return undefined;
  const { tokens: reserved = 0, day, isCounted } = job.charge;
  if (day === undefined && !isCounted) return undefined;
  const used = totalOf(job);
  if (job.accountedTokens === used) return undefined;
  return {
    write: {
      name: 'settle-charge',
      id: job.id,
      when: [{ field: 'status', is: job.status }, seenAccount(job)],
      set: { accountedTokens: used },
      clear: [],
    },
    tokens: used - (job.accountedTokens ?? reserved),
    day,
    isFirst: job.accountedTokens === undefined,
  };
};
