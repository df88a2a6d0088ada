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
import type { Task } from './attempt.ts';
import { callable } from './defer.ts';
import { holdLease } from './lease.ts';
import type { TurnDeps } from './next-turn.ts';
import { leaveTurn, mustWait } from './own-turn.ts';
import { run } from './run.ts';
import { newCompany, type Seat } from './solitude.ts';
import { choiceOf, planTask } from './task.ts';
import { findTurn, type MessageFate, redeliver, type Turn } from './turn.ts';

type WorkDeps = Pick<
  Deps,
  'jobs' | 'content' | 'deliveryQueue' | 'upstreams' | 'health' | 'clock' | 'ids' | 'log'
> &
  TurnDeps;

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

/**
 * The job's turn, once nobody runs beside it if it has crashed before. That may take minutes, in
 * which the job can be finished or claimed elsewhere, so it is looked at again.
 */
const awaitTurn = async (deps: WorkDeps, jobId: string, seat: Seat): Promise<Turn> => {
  const turn = await findTurn(deps, jobId);
  if (turn.kind !== 'turn' || crashesOf(turn.job) === 0) return turn;
  return (await seat.alone()) ? findTurn(deps, jobId) : redeliver(0);
};

const workAt = async (
  deps: WorkDeps,
  message: JobMessage,
  functionSignal: AbortSignal,
  seat: Seat,
): Promise<MessageFate> => {
  const turn = await awaitTurn(deps, message.jobId, seat);
  if (turn.kind !== 'turn') return turn;
  const job = await callable(deps, turn.job);
  if (job === undefined) return acknowledge;
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
  const outcome = await run(deps, claimed, task, { via: 'worker', functionSignal });
  return outcome.kind === 'requeued' ? redeliver(outcome.afterMs) : acknowledge;
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
