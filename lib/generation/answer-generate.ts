import { Fault } from '../errors.ts';
import { isEnded, type Job, type LiveJob } from '../job/job.ts';
import { waitMaxMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { parseGenerateRequest } from '../wire/generate-request.ts';
import { generationObject } from '../wire/generation-object.ts';
import { failureReply, generationReply } from '../wire/generation-reply.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { parsePrefer, preferenceApplied } from '../wire/prefer.ts';
import { parseRequestTimes } from '../wire/request-headers.ts';
import { resultUrl } from '../wire/result-url.ts';
import { type JobView, viewJob } from './read.ts';
import { submit } from './submit.ts';

type AnswerDeps = Pick<
  Deps,
  'jobs' | 'content' | 'queue' | 'upstream' | 'signingKeys' | 'clock' | 'ids' | 'log'
>;

/** Undefined when the result cannot be read now: an accepted job is answered with its URL then. */
const viewAccepted = async (deps: AnswerDeps, job: Job): Promise<JobView | undefined> => {
  try {
    return await viewJob(deps, job);
  } catch (error) {
    deps.log.warn('result.unread', { jobId: job.id, error });
    return undefined;
  }
};

/**
 * `POST /generate`: 200 with the generation, 202 with its result URL when the wait ends first, or
 * the error it failed of. Throws Faults for requests that are refused or could not be accepted.
 */
export const answerGenerate = async (
  deps: AnswerDeps,
  request: HttpRequest,
  waitDefaultMs: number,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  if (request.tenant === undefined) {
    throw new Fault(
      'invalid_api_key',
      'The request carries no tenant: the authorizer let none in.',
    );
  }
  const generate = parseGenerateRequest(request.body);
  const times = parseRequestTimes(request.headers);
  const preferences = parsePrefer(request.headers['prefer'], waitMaxMs);
  const { respondAsync } = preferences;
  const waitMs = preferences.waitMs ?? (respondAsync ? 0 : waitDefaultMs);
  const [key] = await deps.signingKeys.current();
  if (key === undefined) throw new Fault('item_unreadable', 'There is no key to sign with.');

  const { tenant, baseUrl: resultBaseUrl } = request;
  const submission = { request: generate, tenant, resultBaseUrl, respondAsync, waitMs, ...times };
  const job = await submit(deps, submission, functionSignal);

  const url = resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, key);
  const preference = preferenceApplied(preferences);
  const nowMs = deps.clock.nowMs();
  if (!isEnded(job)) {
    return generationReply(generationObject(job, { resultUrl: url, nowMs }), preference);
  }
  const failure = failureReply(job, url, preference);
  if (failure !== undefined) return failure;
  const view = await viewAccepted(deps, job);
  if (view === undefined) {
    const pending: LiveJob = { ...job, status: 'in_progress' };
    return generationReply(generationObject(pending, { resultUrl: url, nowMs }), preference);
  }
  const parts = view.kind === 'finished' ? view.final : { partialText: view.partialText };
  return generationReply(
    generationObject(view.job, { resultUrl: url, nowMs, ...parts }),
    preference,
  );
};
