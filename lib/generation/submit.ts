import { Fault } from '../errors.ts';
import { admit } from '../job/admit.ts';
import type { Job, LiveJob } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import { maxMessageDelayMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { type GenerateRequest, storedGenerateRequest } from '../wire/generate-request.ts';
import { accept, takeBack } from './accept.ts';
import { awaitEnd } from './await-end.ts';
import { run } from './run.ts';
import { upstreamRequest } from './upstream-request.ts';

type SubmitDeps = Pick<Deps, 'jobs' | 'content' | 'queue' | 'upstream' | 'clock' | 'ids' | 'log'>;

export type Submission = {
  readonly request: GenerateRequest;
  readonly tenant: string;
  readonly resultBaseUrl: string;
  readonly respondAsync: boolean;
  /** How long the reply may be held. */
  readonly waitMs: number;
  readonly deadlineMs: number;
  readonly resultTtlMs: number;
};

const sendFirst = async (deps: SubmitDeps, job: LiveJob): Promise<void> => {
  try {
    await deps.queue.send({ v: 1, jobId: job.id, epoch: job.epoch }, job.tenant, 0);
  } catch (cause) {
    if (!(await takeBack(deps, job))) return;
    throw new Fault(
      'queue_unavailable',
      'The request could not be queued, so it was not accepted.',
      {
        retryAfterMs: 2_000,
        cause,
      },
    );
  }
};

/** After a hand-over the job is accepted already: a send that fails is made up for by the sweep. */
const sendAgain = async (deps: SubmitDeps, job: Job, delayMs: number): Promise<void> => {
  if (delayMs > maxMessageDelayMs) return;
  try {
    await deps.queue.send({ v: 1, jobId: job.id, epoch: job.epoch }, job.tenant, delayMs);
  } catch (error) {
    deps.log.warn('message.unsent', { jobId: job.id, error });
  }
};

/** The inline attempt: the job as it left it, or undefined when only the item can tell. */
const runInline = async (
  deps: SubmitDeps,
  job: LiveJob,
  request: GenerateRequest,
  budget: { functionSignal: AbortSignal; waitUntilMs: EpochMs },
): Promise<Job | undefined> => {
  try {
    const outcome = await run(deps, job, upstreamRequest(request, job.model), budget);
    if (outcome.kind === 'superseded') return undefined;
    if (outcome.kind === 'promoted') await sendAgain(deps, outcome.job, 0);
    if (outcome.kind === 'requeued') await sendAgain(deps, outcome.job, outcome.afterMs);
    return outcome.kind === 'requeued' ? undefined : outcome.job;
  } catch (error) {
    deps.log.error('attempt.abandoned', { jobId: job.id, error });
    return undefined;
  }
};

/** What an inline attempt may take to hand over once the wait has ended. */
const handOverMs = 3_000;

/**
 * The inline attempt's job, or else how far the client can be kept waiting for it: a store that
 * hangs does not hold the reply, and what the attempt leaves undone the sweep makes up for.
 */
const runWithinWait = async (
  deps: SubmitDeps,
  attempt: Promise<Job | undefined>,
  waitUntilMs: EpochMs,
): Promise<{ readonly ended: Job | undefined } | 'hanging'> => {
  const done = new AbortController();
  const leftMs = waitUntilMs + handOverMs - deps.clock.nowMs();
  const patience = deps.clock.sleep(leftMs, done.signal).then(
    () => 'hanging' as const,
    () => 'hanging' as const,
  );
  try {
    return await Promise.race([attempt.then((ended) => ({ ended })), patience]);
  } finally {
    done.abort();
  }
};

/** An accepted job stays accepted: when the store cannot be read, the answer is its result URL. */
const followUp = async (
  deps: SubmitDeps,
  job: LiveJob,
  untilMs: EpochMs,
  signal: AbortSignal,
): Promise<Job> => {
  try {
    return (await awaitEnd(deps, job.id, untilMs, signal)) ?? job;
  } catch (error) {
    deps.log.warn('wait.broken', { jobId: job.id, error });
    return job;
  }
};

/**
 * Accepts one request and holds the reply for at most its wait. Returns the job, ended or not.
 * Throws Fault `store_unavailable` or `queue_unavailable` when it was not accepted.
 */
export const submit = async (
  deps: SubmitDeps,
  submission: Submission,
  functionSignal: AbortSignal,
): Promise<Job> => {
  const { request, tenant, resultBaseUrl, respondAsync, waitMs, deadlineMs, resultTtlMs } =
    submission;
  const nowMs = deps.clock.nowMs();
  const waitUntilMs = after(nowMs, waitMs);
  const { maxOutputTokens, metadata } = request;
  const job = await accept(deps, storedGenerateRequest(request), {
    id: `gen_${deps.ids.next()}`,
    api: 'generate',
    tenant,
    model: request.model ?? deps.upstream.defaultModel,
    metadata,
    resultBaseUrl,
    upload: deps.ids.nonce(),
    admission: admit({ respondAsync, waitMs, maxOutputTokens }),
    upstream: deps.upstream.name,
    nowMs,
    deadlineMs,
    resultTtlMs,
  });
  deps.log.info('job.accepted', { jobId: job.id, tenant, admission: job.admission });
  if (job.status === 'queued') await sendFirst(deps, job);
  else {
    const budget = { functionSignal, waitUntilMs };
    const attempt = runInline(deps, job, request, budget);
    const outcome = await runWithinWait(deps, attempt, waitUntilMs);
    if (outcome === 'hanging') {
      deps.log.warn('reply.unheld', { jobId: job.id });
      return job;
    }
    if (outcome.ended !== undefined) return outcome.ended;
  }
  return waitMs === 0 ? job : followUp(deps, job, waitUntilMs, functionSignal);
};
