import { acceptOrAttach } from '../generation/accept-or-attach.ts';
import { answerGone } from '../generation/answer-gone.ts';
import { earlierConversation } from '../generation/earlier.ts';
import { wasErased } from '../generation/erased.ts';
import { prefetch } from '../generation/prefetch.ts';
import { followOrStandIn } from '../generation/stand-in.ts';
import type { Submission } from '../generation/submit.ts';
import { submitAndWait } from '../generation/submit-and-wait.ts';
import type { Job } from '../job/job.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { failureReply, jobReply, pollHeaders } from '../wire/job-reply.ts';
import { parseResponsesRequest, type ResponsesRequest } from '../wire/responses/request.ts';
import { responseResource } from '../wire/responses/resource.ts';
import { callbacksOf } from './callback.ts';
import { callerOf, referencesOf } from './caller.ts';
import { eventStream } from './event-stream.ts';
import { forgetUnstored } from './forget-unstored.ts';
import type { AnswerDeps } from './generate.ts';
import { idempotently, type Keyed } from './idempotent.ts';
import { responseOf } from './job-object.ts';
import { responseFrames } from './response-frames.ts';
import { answerLive, streamHeaders } from './stream.ts';

const locate = (baseUrl: string) => (id: string) => `${baseUrl}/v1/responses/${id}`;

/**
 * The response as it is; one that cannot be read now is shown without its output. Throws Fault
 * `result_expired` for one that was erased meanwhile.
 */
const resourceOf = async (deps: AnswerDeps, job: Job, request: ResponsesRequest) => {
  try {
    return await responseOf(deps, job);
  } catch (error) {
    if (await wasErased(deps, job.id, error).catch(() => false)) throw answerGone(job);
    deps.log.warn('result.unread', { jobId: job.id, error });
    return responseResource({ ...job, status: 'in_progress' }, request);
  }
};

const submissionOf = async (
  deps: AnswerDeps,
  request: HttpRequest,
  body: ResponsesRequest,
  keyed: Keyed,
  waitDefaultMs: number,
): Promise<{ submission: Submission; preference: string | undefined }> => {
  const { background, store, previousResponseId } = body;
  const { submission, preference } = callerOf(request, background ? 0 : waitDefaultMs);
  const respondAsync = submission.respondAsync || background;
  if (!respondAsync) prefetch(deps, body);
  // What an earlier request was given goes on from what was there then.
  const isNew = keyed.attachTo === undefined;
  const [earlier, callbacks] = await Promise.all([
    isNew ? earlierConversation(deps, body, submission.tenant) : [],
    callbacksOf(deps, request, body.callback),
  ]);
  return {
    preference,
    submission: {
      ...submission,
      ...keyed,
      ...callbacks,
      stored: { api: 'responses', request: body, earlier },
      respondAsync,
      ...(background ? { background } : {}),
      ...(store ? {} : { unstored: true }),
      previousResponseId,
    },
  };
};

const answerPlain = async (
  deps: AnswerDeps,
  body: ResponsesRequest,
  { submission, preference }: Awaited<ReturnType<typeof submissionOf>>,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const job = await submitAndWait(deps, submission, functionSignal);
  const location = locate(job.resultBaseUrl)(job.id);
  const nowMs = deps.clock.nowMs();
  const resource = await resourceOf(deps, job, body);
  if (body.background) return { status: 200, headers: pollHeaders(job, nowMs), body: resource };
  const reply =
    failureReply(job, location, preference) ??
    jobReply(job, resource, { location, nowMs, preference });
  if (submission.unstored && reply.status !== 202) await forgetUnstored(deps, job);
  return reply;
};

const answerStreamed = async (
  deps: AnswerDeps,
  request: HttpRequest,
  submission: Submission,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const frames = responseFrames(deps, 0);
  const replay = (job: Job, signal: AbortSignal) =>
    followOrStandIn(deps, job.id, { afterSeq: 0 }, signal);
  if (!submission.background) {
    const shape = { frames, replay, locate: locate(request.baseUrl) };
    return answerLive(deps, submission, shape, functionSignal);
  }
  const { job } = await acceptOrAttach(deps, { ...submission, followed: true });
  const events = eventStream(deps.clock, replay(job, functionSignal), frames);
  return { status: 200, headers: streamHeaders, events };
};

/**
 * `POST /v1/responses`: plain, streamed, in the background, or both. Throws Faults for requests that
 * are refused or could not be accepted.
 */
export const answerResponses = (
  deps: AnswerDeps,
  received: HttpRequest,
  waitDefaultMs: number,
  functionSignal: AbortSignal,
): Promise<HttpReply> =>
  idempotently(deps, received, async (request, keyed) => {
    const body = parseResponsesRequest(request.body, referencesOf(request));
    const asked = await submissionOf(deps, request, body, keyed, waitDefaultMs);
    return body.stream
      ? answerStreamed(deps, request, asked.submission, functionSignal)
      : answerPlain(deps, body, asked, functionSignal);
  });
