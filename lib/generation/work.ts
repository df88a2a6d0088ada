import { Fault, toFault } from '../errors.ts';
import { crashesOf } from '../job/crash.ts';
import { jobError, workerLostError } from '../job/failure.ts';
import type { Job, JobError, LiveJob } from '../job/job.ts';
import { claim, settle } from '../job/transition.ts';
import { maxStrikes } from '../limits.ts';
import type { JobMessage } from '../ports/queues.ts';
import type { Deps } from '../ports.ts';
import { parseStored } from '../wire/stored-request.ts';
import { announce } from './announce.ts';
import type { Parking, Task } from './attempt.ts';
import { type Callable, callable } from './defer.ts';
import { holdLease } from './lease.ts';
import type { TurnDeps } from './next-turn.ts';
import { leaveTurn, mustWait } from './own-turn.ts';
import { lookIn, sendForLook } from './park.ts';
import { run } from './run.ts';
import { newCompany, type Seat } from './solitude.ts';
import { choiceOf, planTask } from './task.ts';
import { findTurn, type MessageFate, redeliver, type Turn } from './turn.ts';

export type WorkDeps = Pick<
  Deps,
  | 'jobs'
  | 'content'
  | 'deliveryQueue'
  | 'upstreams'
  | 'health'
  | 'durations'
  | 'clock'
  | 'ids'
  | 'log'
> &
  TurnDeps &
  Parking;

const acknowledge: MessageFate = { kind: 'acknowledge' };

/** Takes the lease; undefined when another worker did, or the job changed meanwhile. */
const take = async (deps: WorkDeps, job: Job): Promise<LiveJob | undefined> => {
  const owner = deps.ids.nonce();
  const nowMs = deps.clock.nowMs();
  const outcome = await deps.jobs.write(claim(job, { owner, ...choiceOf(deps, job), nowMs }));
  const now = outcome.kind === 'written' ? outcome.job : await deps.jobs.load(job.id, 'strong');
  return now?.owner === owner && now.status === 'in_progress' ? now : undefined;
};

/** What is to be done; a request that can never be carried out is a fault to fail the job with. */
const loadTask = async (deps: WorkDeps, job: Job): Promise<Task | Fault> => {
  try {
    return planTask(deps, job, parseStored(job.api, await deps.content.getRequest(job)));
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.retry.kind !== 'never') throw fault;
    return fault;
  }
};

const fail = async (deps: WorkDeps, job: LiveJob, error: JobError): Promise<MessageFate> => {
  const lease = holdLease(deps, job);
  await lease.write((now, nowMs) =>
    settle(now, { status: 'failed', error }, now.upstreamId !== undefined, nowMs),
  );
  await announce(deps, lease.job);
  deps.log.warn('job.failed', { jobId: job.id, attempt: job.attempt, code: error.code });
  return acknowledge;
};

/** Another sandbox may have room for it at once: none of the message's receives is spent on it. */
const sendOn = async (deps: WorkDeps, job: Job): Promise<MessageFate> => {
  try {
    await deps.queue.send({ v: 1, jobId: job.id, epoch: job.epoch }, job.tenant, 0);
    deps.log.info('job.sent_on', { jobId: job.id });
    return acknowledge;
  } catch (error) {
    deps.log.warn('message.unsent', { jobId: job.id, error });
    return redeliver(0);
  }
};

/**
 * The job's turn, once nobody runs beside it if it has crashed before. That may take minutes, in
 * which the job can be finished or claimed elsewhere, so it is looked at again.
 */
const awaitTurn = async (
  deps: WorkDeps,
  message: JobMessage,
  job: Job,
  seat: Seat,
): Promise<Turn> => {
  if (crashesOf(job) === 0) return { kind: 'turn', job };
  const solitude = await seat.alone();
  if (solitude === 'crowded') return sendOn(deps, job);
  return solitude === 'alone' ? findTurn(deps, message) : redeliver(0);
};

/** One attempt of a job whose upstream may be asked, unless it turns out not to be the job's turn. */
const attemptOf = async (
  deps: WorkDeps,
  { job, permit }: Callable,
  functionSignal: AbortSignal,
  isStale: boolean,
): Promise<MessageFate> => {
  if (await mustWait(deps, job)) return acknowledge;
  const task = await loadTask(deps, job);
  if (functionSignal.aborted) return redeliver(0);
  const claimed = await take(deps, job);
  if (claimed === undefined) {
    await leaveTurn(deps, job);
    return acknowledge;
  }
  if (claimed.strikes > maxStrikes) return fail(deps, claimed, workerLostError(claimed));
  if (task instanceof Fault) return fail(deps, claimed, jobError(task));
  permit.used();
  const doing = isStale ? ({ ...task, isStale } as const) : task;
  const outcome = await run(deps, claimed, doing, { via: 'worker', functionSignal });
  if (outcome.kind === 'parked') await sendForLook(deps, outcome.job);
  return outcome.kind === 'requeued' ? redeliver(outcome.afterMs) : acknowledge;
};

const workAt = async (
  deps: WorkDeps,
  message: JobMessage,
  functionSignal: AbortSignal,
  seat: Seat,
): Promise<MessageFate> => {
  const seen = await findTurn(deps, message);
  if (seen.kind !== 'turn') return seen;
  const look = await lookIn(deps, seen.job, functionSignal);
  if (look.kind !== 'work' && look.kind !== 'restart') return look;
  const turn = await awaitTurn(deps, message, seen.job, seat);
  if (turn.kind !== 'turn') return turn;
  const found = await callable(deps, turn.job);
  if (found === undefined) return acknowledge;
  try {
    return await attemptOf(deps, found, functionSignal, look.kind === 'restart');
  } finally {
    await found.permit.giveBack();
  }
};

/**
 * Does what a message hints at: one attempt of its job, if it is that job's turn. `company` are the
 * jobs of the same invocation. Throws a Fault when the store does not answer; the message is then to
 * be redelivered.
 */
export const work = (
  deps: WorkDeps,
  message: JobMessage,
  functionSignal: AbortSignal,
  company = newCompany(() => Number.POSITIVE_INFINITY),
): Promise<MessageFate> => company.join((seat) => workAt(deps, message, functionSignal, seat));
