import { type AttemptRecord, type Job, type JobStatus, jobStatuses } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { addTokens, type JobTokens, noTokens, tokensOf } from '../job/tokens.ts';
import type { AuditedItem } from '../ports/audit.ts';
import { type OverdueJob, overdue } from './overdue.ts';

type Outcome = NonNullable<AttemptRecord['outcome']> | 'running';

export type UnreadableJob = { readonly id: string; readonly why: string };

export type Audit = {
  readonly accepted: number;
  readonly statuses: Readonly<Record<JobStatus, number>>;
  readonly attempts: {
    readonly total: number;
    /** A job's; 0 when there is none. */
    readonly mean: number;
    readonly max: number;
    /** How many jobs had so many attempts, fewest first. */
    readonly jobsByAttempts: readonly { readonly attempts: number; readonly jobs: number }[];
    readonly outcomes: Readonly<Partial<Record<Outcome, number>>>;
  };
  readonly tokens: JobTokens;
  /** Whenever they were created; `overdueCount` counts those that are left out of the list too. */
  readonly overdue: readonly OverdueJob[];
  readonly overdueCount: number;
  readonly unreadable: readonly UnreadableJob[];
  readonly unreadableCount: number;
};

export type Tally = {
  add(item: AuditedItem): void;
  sum(): Audit;
};

/** More names than this help nobody. */
const maxListed = 1_000;

/** Counts jobs created within the range, and looks out for what is overdue or cannot be read. */
export const beginTally = (
  range: { readonly fromMs: EpochMs; readonly toMs: EpochMs },
  nowMs: EpochMs,
): Tally => {
  const statuses = new Map<JobStatus, number>();
  const byAttempts = new Map<number, number>();
  const outcomes = new Map<Outcome, number>();
  const late: OverdueJob[] = [];
  const unreadable: UnreadableJob[] = [];
  let overdueCount = 0;
  let unreadableCount = 0;
  let tokens: JobTokens = { generated: noTokens, delivered: noTokens, estimated: noTokens };

  const count = <K>(counts: Map<K, number>, key: K): void => {
    counts.set(key, (counts.get(key) ?? 0) + 1);
  };

  const addJob = (job: Job): void => {
    if (job.createdAtMs < range.fromMs || job.createdAtMs >= range.toMs) return;
    count(statuses, job.status);
    count(byAttempts, job.attempt);
    for (const { outcome } of job.ledger) count(outcomes, outcome ?? 'running');
    const { generated, delivered, estimated } = tokensOf(job);
    tokens = {
      generated: addTokens(tokens.generated, generated),
      delivered: addTokens(tokens.delivered, delivered),
      estimated: addTokens(tokens.estimated, estimated),
    };
  };

  const attemptsOf = (): Audit['attempts'] => {
    const jobsByAttempts = [...byAttempts]
      .map(([attempts, jobs]) => ({ attempts, jobs }))
      .sort((a, b) => a.attempts - b.attempts);
    const total = jobsByAttempts.reduce((sum, { attempts, jobs }) => sum + attempts * jobs, 0);
    const jobs = jobsByAttempts.reduce((sum, one) => sum + one.jobs, 0);
    return {
      total,
      mean: jobs === 0 ? 0 : total / jobs,
      max: jobsByAttempts.at(-1)?.attempts ?? 0,
      jobsByAttempts,
      outcomes: Object.fromEntries(outcomes),
    };
  };

  return {
    add: (item) => {
      const missed = overdue(item, nowMs);
      if (missed !== undefined) {
        overdueCount += 1;
        if (late.length < maxListed) late.push(missed);
      }
      if (item.kind === 'job') {
        addJob(item.job);
        return;
      }
      unreadableCount += 1;
      if (unreadable.length < maxListed) unreadable.push({ id: item.id, why: item.why });
    },
    sum: () => {
      const of = (status: JobStatus): number => statuses.get(status) ?? 0;
      return {
        accepted: jobStatuses.map(of).reduce((sum, jobs) => sum + jobs, 0),
        statuses: {
          queued: of('queued'),
          in_progress: of('in_progress'),
          completed: of('completed'),
          incomplete: of('incomplete'),
          failed: of('failed'),
          cancelled: of('cancelled'),
        },
        attempts: attemptsOf(),
        tokens,
        overdue: late,
        overdueCount,
        unreadable,
        unreadableCount,
      };
    },
  };
};
