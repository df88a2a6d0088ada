import { Fault, toFault } from '../errors.ts';
import { deadlineError, jobError, workerLostError } from '../job/failure.ts';
import type { Job, JobError, LiveJob } from '../job/job.ts';
import { lastFailure } from '../job/ledger.ts';
import { claim, overrun, settle } from '../job/transition.ts';
import { earlyMessageMs, maxMessageDelayMs, maxStrikes } from '../limits.ts';
import type { Deps, JobMessage, UpstreamRequest } from '../ports.ts';
import { parseGenerateRequest } from '../wire/generate-request.ts';
import { holdLease } from './lease.ts';
import { run } from './run.ts';
import { upstreamRequest } from './upstream-request.ts';

type WorkDeps = Pick<Deps, 'jobs' | 'content' | 'upstream' | 'clock' | 'ids' | 'log'>;

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
  const outcome = await deps.jobs.write(claim(job, { owner, upstream: deps.upstream.name, nowMs }));
  const now = outcome.kind === 'written' ? outcome.job : await deps.jobs.load(job.id, 'strong');
  return now?.owner === owner && now.status === 'in_progress' ? now : undefined;
};

/** The stored request; one that can never be read is a fault to fail the job with. */
const loadRequest = async (deps: WorkDeps, job: Job): Promise<UpstreamRequest | Fault> => {
  try {
    return upstreamRequest(parseGenerateRequest(await deps.content.getRequest(job)), job.model);
  } catch (thrown) {
    const fault = toFault(thrown);
    if (fault.retry.kind !== 'never') throw fault;
    return fault;
  }
};

const fail = async (deps: WorkDeps, job: LiveJob, error: JobError): Promise<MessageFate> => {
  await holdLease(deps, job).write((now, nowMs) => settle(now, { status: 'failed', error }, nowMs));
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
  const request = await loadRequest(deps, job);
  if (functionSignal.aborted) return redeliver(0);
  const claimed = await take(deps, job);
  if (claimed === undefined) return acknowledge;
  if (claimed.strikes > maxStrikes) return fail(deps, claimed, workerLostError(claimed));
  if (request instanceof Fault) return fail(deps, claimed, jobError(request));
  const outcome = await run(deps, claimed, request, { functionSignal });
  return outcome.kind === 'requeued' ? redeliver(outcome.afterMs) : acknowledge;
};
