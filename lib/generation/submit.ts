import { Fault } from '../errors.ts';
import { admit } from '../job/admit.ts';
import { createJob } from '../job/create.ts';
import type { Job, LiveJob } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { maxMessageDelayMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { type StoredRequest, toStored } from '../wire/stored-request.ts';
import { accept, takeBack } from './accept.ts';
import type { Task } from './attempt.ts';
import { run } from './run.ts';
import { choiceOf, planTask } from './task.ts';
import type { Listener } from './transcript.ts';

export type SubmitDeps = Pick<
  Deps,
  'jobs' | 'content' | 'queue' | 'upstreams' | 'clock' | 'ids' | 'log'
>;

export type Submission = {
  readonly stored: StoredRequest;
  readonly tenant: string;
  readonly resultBaseUrl: string;
  readonly respondAsync: boolean;
  /** How long the reply may be held. */
  readonly waitMs: number;
  readonly deadlineMs: number;
  readonly resultTtlMs: number;
  /** Every piece goes to the client as it comes, and it can resume nothing. */
  readonly live?: boolean;
  readonly background?: boolean;
  readonly unstored?: boolean;
  readonly previousResponseId?: string | undefined;
  readonly retryOf?: string;
  /** Of a job whose id is settled beforehand. */
  readonly id?: string;
};

const prefixes = { generate: 'gen_', responses: 'resp_', chat: 'chatcmpl_' } as const;

const sendFirst = async (deps: SubmitDeps, job: LiveJob): Promise<void> => {
  try {
    await deps.queue.send({ v: 1, jobId: job.id, epoch: job.epoch }, job.tenant, 0);
  } catch (cause) {
    if (!(await takeBack(deps, job))) return;
    throw new Fault(
      'queue_unavailable',
      'The request could not be queued, so it was not accepted.',
      { retryAfterMs: 2_000, cause },
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

/** A job that was accepted, and what its inline attempt does if it is to have one here. */
export type Accepted = { readonly job: LiveJob; readonly task: Task };

/**
 * Records one request, and sends for a worker where it is not to be run inline. Throws Faults
 * `invalid_value` for what no upstream can be asked, `store_unavailable` or `queue_unavailable` when
 * it was not accepted.
 */
export const acceptSubmission = async (
  deps: SubmitDeps,
  submission: Submission,
): Promise<Accepted> => {
  const { stored, live, background, unstored, retryOf, respondAsync, waitMs } = submission;
  const { model = deps.upstreams.defaultModel, metadata, maxOutputTokens } = stored.request;
  const queued = admit({ respondAsync, waitMs, maxOutputTokens });
  const admission = live
    ? ({ decision: 'inline', why: 'a live stream was asked for' } as const)
    : queued;
  const first = choiceOf(deps, { model });
  const draft = createJob({
    id: submission.id ?? `${prefixes[stored.api]}${deps.ids.next()}`,
    api: stored.api,
    tenant: submission.tenant,
    model,
    metadata,
    resultBaseUrl: submission.resultBaseUrl,
    upload: deps.ids.nonce(),
    requestChunks: 0,
    admission,
    live,
    background,
    unstored,
    retryOf,
    previousResponseId: submission.previousResponseId,
    upstream: first.upstream,
    upstreamModel: first.model,
    nowMs: deps.clock.nowMs(),
    deadlineMs: submission.deadlineMs,
    resultTtlMs: submission.resultTtlMs,
  });
  const task = planTask(deps, draft, stored);
  const job = await accept(deps, toStored(stored), draft);
  deps.log.info('job.accepted', { jobId: job.id, tenant: job.tenant, admission });
  if (job.status === 'queued') await sendFirst(deps, job);
  return { job, task };
};

type InlineBudget = {
  readonly functionSignal: AbortSignal;
  readonly waitUntilMs?: EpochMs;
  readonly listener?: Listener;
};

/** The inline attempt: the job as it left it, or undefined when only the item can tell. */
export const runInline = async (
  deps: SubmitDeps,
  { job, task }: Accepted,
  budget: InlineBudget,
): Promise<Job | undefined> => {
  try {
    const outcome = await run(deps, job, task, { via: 'inline', ...budget });
    if (outcome.kind === 'superseded') return undefined;
    if (outcome.kind === 'promoted') await sendAgain(deps, outcome.job, 0);
    if (outcome.kind === 'requeued') await sendAgain(deps, outcome.job, outcome.afterMs);
    return outcome.kind === 'requeued' ? undefined : outcome.job;
  } catch (error) {
    deps.log.error('attempt.abandoned', { jobId: job.id, error });
    return undefined;
  }
};
