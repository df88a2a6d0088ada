import { Fault } from '../errors.ts';
import { deadlineError } from '../job/failure.ts';
import type { Job } from '../job/job.ts';
import { lastFailure } from '../job/ledger.ts';
import { overrun } from '../job/outside.ts';
import { isParked } from '../job/park.ts';
import { earlyMessageMs, maxMessageDelayMs, minAttemptMs, newerVersionMs } from '../limits.ts';
import type { JobMessage } from '../ports/queues.ts';
import type { Deps } from '../ports.ts';
import { announce } from './announce.ts';

/** What becomes of the message: it has done its work, it is wanted again later, or nobody can use it. */
export type MessageFate =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'redeliver'; readonly afterMs: number }
  | { readonly kind: 'unreadable'; readonly why: string };

/** It is this job's turn, or it is not. */
export type Turn = { readonly kind: 'turn'; readonly job: Job } | MessageFate;

type TurnDeps = Pick<Deps, 'jobs' | 'deliveryQueue' | 'clock' | 'log'>;

const acknowledge: MessageFate = { kind: 'acknowledge' };

/** What a queue cannot hold back for so long is sent anew by the sweep. */
export const redeliver = (afterMs: number): MessageFate =>
  afterMs <= maxMessageDelayMs ? { kind: 'redeliver', afterMs } : acknowledge;

/** What a later version wrote is left to its own workers; what nobody can read, to the operator. */
const unread = (deps: TurnDeps, jobId: string, thrown: unknown): MessageFate => {
  if (thrown instanceof Fault && thrown.code === 'item_newer') {
    deps.log.warn('job.left', { jobId, why: thrown.message });
    return redeliver(newerVersionMs);
  }
  if (thrown instanceof Fault && thrown.code === 'item_unreadable') {
    return { kind: 'unreadable', why: thrown.message };
  }
  throw thrown;
};

/** Each look at a parked job is sent for by its own message: one that is early without being it is old. */
const isOutdated = (job: Job, { epoch }: JobMessage): boolean =>
  isParked(job) && epoch !== job.epoch;

const turnOf = async (deps: TurnDeps, job: Job | undefined, message: JobMessage): Promise<Turn> => {
  if (job === undefined || job.status !== 'queued') return acknowledge;
  const nowMs = deps.clock.nowMs();
  const earlyMs = job.notBeforeMs - nowMs;
  if (earlyMs > earlyMessageMs || (earlyMs > 0 && isOutdated(job, message))) return acknowledge;
  if (earlyMs > 0) return redeliver(earlyMs);
  if (job.deadlineAtMs - nowMs >= minAttemptMs) return { kind: 'turn', job };
  const outcome = await deps.jobs.write(overrun(job, deadlineError(lastFailure(job)), nowMs));
  if (outcome.kind === 'written') await announce(deps, outcome.job);
  return acknowledge;
};

/** Whether the job that a message names may be claimed now. Throws Fault `store_unavailable`. */
export const findTurn = async (deps: TurnDeps, message: JobMessage): Promise<Turn> => {
  const { jobId } = message;
  let job: Job | undefined;
  try {
    job = await deps.jobs.load(jobId, 'strong');
  } catch (thrown) {
    return unread(deps, jobId, thrown);
  }
  return turnOf(deps, job, message);
};
