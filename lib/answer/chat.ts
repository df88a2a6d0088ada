import { submitAndWait } from '../generation/submit-and-wait.ts';
import { isEnded } from '../job/job.ts';
import { chatObject } from '../wire/chat/object.ts';
import { parseChatRequest } from '../wire/chat/request.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { failureReply, jobReply } from '../wire/job-reply.ts';
import { resultUrl } from '../wire/result-url.ts';
import { callerOf, signingKey } from './caller.ts';
import { chatFrames } from './chat-frames.ts';
import { type AnswerDeps, objectOfAccepted } from './generate.ts';
import { answerLive } from './stream.ts';

/**
 * `POST /v1/chat/completions`: the completion, plain or streamed, or 202 with the URL where it will
 * be. Throws Faults for requests that are refused or could not be accepted.
 */
export const answerChat = async (
  deps: AnswerDeps,
  request: HttpRequest,
  waitDefaultMs: number,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const chat = parseChatRequest(request.body);
  const { submission, preference } = callerOf(request, waitDefaultMs);
  const key = await signingKey(deps);
  const asked = { ...submission, stored: { api: 'chat', request: chat } as const };
  if (chat.stream && !submission.respondAsync) {
    return answerLive(deps, asked, chatFrames, () => `${request.baseUrl}/`, functionSignal);
  }
  const job = await submitAndWait(deps, asked, functionSignal);
  const url = resultUrl(job.resultBaseUrl, job.id, job.resultExpiresAtMs, key);
  const nowMs = deps.clock.nowMs();
  const at = { location: url, nowMs, preference };
  const failure = failureReply(job, url, preference);
  if (failure !== undefined) return failure;
  const body = isEnded(job) ? await objectOfAccepted(deps, job, url) : undefined;
  if (body !== undefined) return jobReply(job, body, at);
  const { status } = job;
  const pending = { ...job, status: status === 'queued' ? status : 'in_progress' } as const;
  return jobReply(pending, chatObject(pending, undefined, url, nowMs), at);
};
