import { Fault } from '../errors.ts';
import { createOnRecord } from '../generation/create-on-record.ts';
import { decideAdmission } from '../generation/decide-admission.ts';
import { isExpired } from '../generation/read.ts';
import { reserveKey, underKey } from '../generation/request-key.ts';
import { draftJob, newJobId, type Submission, type SubmitDeps } from '../generation/submit.ts';
import { whileCharged } from '../generation/while-charged.ts';
import { type EndedJob, isEnded, type Job } from '../job/job.ts';
import { repeat } from '../job/rest.ts';
import type { KeyRecord } from '../ports/idempotency-keys.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { pollHeaders } from '../wire/job-reply.ts';
import { parseRequestTimes, type RequestTimes } from '../wire/request-headers.ts';
import { parseStored } from '../wire/stored-request.ts';
import type { CallbackDeps } from './callback.ts';
import { tenantTerms } from './caller.ts';
import { idempotently, type Keyed } from './idempotent.ts';
import { type LedgerDeps, ledgerOf, loadOwn } from './job.ts';

type RetryDeps = SubmitDeps & LedgerDeps & Pick<CallbackDeps, 'hasEndpoints'>;

const failedJob = async (deps: RetryDeps, request: HttpRequest): Promise<EndedJob> => {
  const job = await loadOwn(deps, request);
  if (isExpired(job, deps.clock.nowMs())) {
    throw new Fault('result_expired', 'What this job was asked for has expired with its result.');
  }
  if (job.status === 'failed' && isEnded(job)) return job;
  throw new Fault('invalid_value', `Only a failed job can be retried; this one is ${job.status}.`);
};

/** The id on record as that of the job that repeats `job`: `newId`, if nobody has retried it yet. */
const recordRetry = async (
  deps: RetryDeps,
  request: HttpRequest,
  job: EndedJob,
  newId: string,
): Promise<string> => {
  const outcome = await deps.jobs.write(repeat(job, newId));
  const now = outcome.kind === 'written' ? outcome.job : await loadOwn(deps, request);
  if (now.retriedAs !== undefined) return now.retriedAs;
  throw new Fault('store_unavailable', 'The retry could not be recorded.', {
    retryAfterMs: 2_000,
  });
};

/** The repetition is kept for at least as long as the job that names it, or it would be made again. */
const timesOf = (deps: RetryDeps, request: HttpRequest, job: EndedJob): RequestTimes => {
  const times = parseRequestTimes(request.headers, request.limits.resultTtlSeconds);
  const leftMs = job.resultExpiresAtMs - deps.clock.nowMs() - times.deadlineMs;
  return { ...times, resultTtlMs: Math.max(times.resultTtlMs, leftMs) };
};

/** What the job that repeats `job` is asked for by this request. */
const submissionOf = async (
  deps: RetryDeps,
  request: HttpRequest,
  job: EndedJob,
): Promise<Submission> => ({
  stored: parseStored(job.api, await deps.content.getRequest(job)),
  tenant: job.tenant,
  resultBaseUrl: job.resultBaseUrl,
  respondAsync: true,
  waitMs: 0,
  ...timesOf(deps, request, job),
  ...tenantTerms(request),
  ...(job.background ? { background: true } : {}),
  ...(job.unstored ? { unstored: true } : {}),
  previousResponseId: job.previousResponseId,
  retryOf: job.id,
  callback: job.callback,
  notify: await deps.hasEndpoints(job.tenant),
});

/** The job that repeats a failed one: made now if nobody has. */
const repetition = async (deps: RetryDeps, request: HttpRequest, { key }: Keyed): Promise<Job> => {
  const job = await failedJob(deps, request);
  const newId = newJobId(deps, job.api);
  const record: KeyRecord | undefined =
    key === undefined ? undefined : await reserveKey(deps, job.tenant, key, newId);
  const id = await recordRetry(deps, request, job, record?.jobId ?? newId);
  // Retried before without this key, the job has another id than the key has on record.
  const isKeys = key !== undefined && record?.jobId === id;
  const made = await deps.jobs.load(id, 'strong');
  if (made !== undefined) {
    if (record?.jobId !== newId) key?.onReplay();
    return made;
  }
  const submission = await submissionOf(deps, request, job);
  const draft = draftJob(deps, submission, id, await decideAdmission(deps, submission));
  const named = isKeys ? underKey(draft, key, record, submission) : draft;
  const { kind, job: repeated } = await whileCharged(deps, submission, named, (paid) =>
    createOnRecord(deps, paid, submission.stored),
  );
  if (isKeys && kind === 'attached') key.onReplay();
  return repeated;
};

/**
 * `POST /jobs/{id}/retry`: a failed job is repeated as a new one, once; asked again, the answer is
 * that one. Throws Fault `invalid_value` for a job that has not failed.
 */
export const answerRetry = (deps: RetryDeps, received: HttpRequest): Promise<HttpReply> =>
  idempotently(deps, received, async (request, keyed) => {
    const made = keyed.attachTo ?? (await repetition(deps, request, keyed));
    const location = `${made.resultBaseUrl}/jobs/${made.id}`;
    return {
      status: 202,
      headers: { location, ...pollHeaders(made, deps.clock.nowMs()) },
      body: await ledgerOf(deps, made),
    };
  });
