import { prefetch } from '../generation/prefetch.ts';
import type { ReadDeps } from '../generation/read.ts';
import type { SubmitDeps } from '../generation/submit.ts';
import { submitAndWait } from '../generation/submit-and-wait.ts';
import { isEnded, type Job, type LiveJob } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { parseGenerateRequest } from '../wire/generate-request.ts';
import { generationObject } from '../wire/generation-object.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { failureReply, jobReply } from '../wire/job-reply.ts';
import { resultUrl } from '../wire/result-url.ts';
import { type CallbackDeps, callbacksOf } from './callback.ts';
import { callerOf, signingKey } from './caller.ts';
import { idempotently } from './idempotent.ts';
import { type JobObject, jobObjectOf } from './job-object.ts';

export type AnswerDeps = SubmitDeps & Pick<Deps, 'signingKeys'> & CallbackDeps;

/** Undefined when the result cannot be read now: an accepted job is answered with its URL then. */
export const objectOfAccepted = async (
  deps: ReadDeps,
  job: Job,
  url: string,
): Promise<JobObject | undefined> => {
  try {
    return await jobObjectOf(deps, job, url);
  } catch (error) {
    deps.log.warn('result.unread', { jobId: job.id, error });
    return undefined;
  }
};

/**
 * `POST /generate`: 200 with the generation, 202 with its result URL when the wait ends first, or
 * the error it failed of. Throws Faults for requests that are refused or could not be accepted.
 */
export const answerGenerate = (
  deps: AnswerDeps,
  received: HttpRequest,
  waitDefaultMs: number,
  functionSignal: AbortSignal,
): Promise<HttpReply> =>
  idempotently(deps, received, async (request, keyed) => {
    const generate = parseGenerateRequest(request.body);
    const { submission, preference } = callerOf(request, waitDefaultMs);
    const stored = { api: 'generate', request: generate } as const;
    if (!submission.respondAsync) prefetch(deps, generate);
    const [key, callbacks] = await Promise.all([
      signingKey(deps),
      callbacksOf(deps, request, generate.callback),
    ]);
    const asked = { ...submission, ...keyed, ...callbacks, stored, takesPending: true };
    const job = await submitAndWait(deps, asked, functionSignal);

    const url = resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, key);
    const nowMs = deps.clock.nowMs();
    const at = { location: url, nowMs, preference };
    const pending = (live: LiveJob): HttpReply =>
      jobReply(live, generationObject(live, { resultUrl: url, nowMs }), at);
    if (!isEnded(job)) return pending(job);
    const failure = failureReply(job, url, preference);
    if (failure !== undefined) return failure;
    const body = await objectOfAccepted(deps, job, url);
    return body === undefined
      ? pending({ ...job, status: 'in_progress' })
      : jobReply(job, body, at);
  });
