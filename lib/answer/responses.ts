import { earlierConversation } from '../generation/earlier.ts';
import { followJob } from '../generation/follow.ts';
import { acceptSubmission, type Submission } from '../generation/submit.ts';
import { submitAndWait } from '../generation/submit-and-wait.ts';
import type { Job } from '../job/job.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { failureReply, jobReply, pollHeaders } from '../wire/job-reply.ts';
import { parseResponsesRequest, type ResponsesRequest } from '../wire/responses/request.ts';
import { responseResource } from '../wire/responses/resource.ts';
import { callerOf } from './caller.ts';
import { eventStream } from './event-stream.ts';
import { forgetUnstored } from './forget-unstored.ts';
import type { AnswerDeps } from './generate.ts';
import { responseOf } from './job-object.ts';
import { responseFrames } from './response-frames.ts';
import { answerLive, streamHeaders } from './stream.ts';

const locate = (baseUrl: string) => (id: string) => `${baseUrl}/v1/responses/${id}`;

/** The response as it is; one that cannot be read now is shown without its output. */
const resourceOf = async (deps: AnswerDeps, job: Job, request: ResponsesRequest) => {
  try {
    return await responseOf(deps, job);
  } catch (error) {
    deps.log.warn('result.unread', { jobId: job.id, error });
    return responseResource({ ...job, status: 'in_progress' }, request);
  }
};

const submissionOf = async (
  deps: AnswerDeps,
  request: HttpRequest,
  body: ResponsesRequest,
  waitDefaultMs: number,
): Promise<{ submission: Submission; preference: string | undefined }> => {
  const { background, store, previousResponseId } = body;
  const { submission, preference } = callerOf(request, background ? 0 : waitDefaultMs);
  const earlier = await earlierConversation(deps, body, submission.tenant);
  return {
    preference,
    submission: {
      ...submission,
      stored: { api: 'responses', request: body, earlier },
      respondAsync: submission.respondAsync || background,
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

/**
 * `POST /v1/responses`: plain, streamed, in the background, or both. Throws Faults for requests that
 * are refused or could not be accepted.
 */
export const answerResponses = async (
  deps: AnswerDeps,
  request: HttpRequest,
  waitDefaultMs: number,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const body = parseResponsesRequest(request.body);
  const asked = await submissionOf(deps, request, body, waitDefaultMs);
  if (!body.stream) return answerPlain(deps, body, asked, functionSignal);
  const frames = responseFrames(deps, 0);
  if (!body.background) {
    const { submission } = asked;
    return answerLive(deps, submission, frames, locate(request.baseUrl), functionSignal);
  }
  const { job } = await acceptSubmission(deps, asked.submission);
  const items = followJob(deps, job.id, { afterSeq: 0 }, functionSignal);
  return { status: 200, headers: streamHeaders, events: eventStream(deps.clock, items, frames) };
};
