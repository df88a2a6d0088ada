import { Fault, toFault } from '../errors.ts';
import { deadlineError, jobError, workerLostError } from '../job/failure.ts';
import type { Job, JobError, LiveJob } from '../job/job.ts';
import { lastFailure } from '../job/ledger.ts';
import { overrun } from '../job/outside.ts';
import { claim, settle } from '../job/transition.ts';
import { earlyMessageMs, maxMessageDelayMs, maxStrikes } from '../limits.ts';
import type { Deps, JobMessage } from '../ports.ts';
import { parseStored } from '../wire/stored-request.ts';
import type { Task } from './attempt.ts';
import { holdLease } from './lease.ts';
import { run } from './run.ts';
import { choiceOf, planTask } from './task.ts';

type WorkDeps = Pick<Deps, 'jobs' | 'content' | 'upstreams' | 'clock' | 'ids' | 'log'>;

/** What becomes of the message: it has done its work, or it is wanted again later. */
export type MessageFate =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'redeliver'; readonly afterMs: number };

const acknowledge: MessageFate = { kind: 'acknowledge' };

const redeliver = (afterMs: number): MessageFate =>
  afterMs <= maxMessageDelayMs ? { kind: 'redeliver', afterMs } : acknowledge;

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
  await holdLease(deps, job).write((now, nowMs) =>
    settle(now, { status: 'failed', error }, now.upstreamId !== undefined, nowMs),
  );
  deps.log.warn('job.failed', { jobId: job.id, attempt: job.attempt, code: error.code });
  return acknowledge;
};

/**
 * Does what a message hints at: one attempt of its job, if it is that job's turn. Throws a Fault
 * when the store does not answer; the message is then to be redelivered.
 */
export const work = async (
  deps: WorkDeps,
  message: JobMessage,
  functionSignal: AbortSignal,
): Promise<MessageFate> => {
  const job = await deps.jobs.load(message.jobId, 'strong');
  if (job === undefined || job.status !== 'queued') return acknowledge;
  const nowMs = deps.clock.nowMs();
  const earlyMs = job.notBeforeMs - nowMs;
  if (earlyMs > earlyMessageMs) return acknowledge;
  if (earlyMs > 0) return redeliver(earlyMs);
  if (job.deadlineAtMs <= nowMs) {
    await deps.jobs.write(overrun(job, deadlineError(lastFailure(job)), nowMs));
    return acknowledge;
  }
  const task = await loadTask(deps, job);
  if (functionSignal.aborted) return redeliver(0);
  const claimed = await take(deps, job);
  if (claimed === undefined) return acknowledge;
  if (claimed.strikes > maxStrikes) return fail(deps, claimed, workerLostError(claimed));
  if (task instanceof Fault) return fail(deps, claimed, jobError(task));
  const outcome = await run(deps, claimed, task, { via: 'worker', functionSignal });
  return outcome.kind === 'requeued' ? redeliver(outcome.afterMs) : acknowledge;
};
