import { prefetch } from '../generation/prefetch.ts';
import type { Submission } from '../generation/submit.ts';
import { submitAndWait } from '../generation/submit-and-wait.ts';
import { isEnded, type Job } from '../job/job.ts';
import { chatObject } from '../wire/chat/object.ts';
import { parseChatRequest } from '../wire/chat/request.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { failureReply, jobReply } from '../wire/job-reply.ts';
import { resultUrl } from '../wire/result-url.ts';
import { callbacksOf } from './callback.ts';
import { callerOf, referencesOf, signingKey } from './caller.ts';
import { chatFrames } from './chat-frames.ts';
import { replayChat } from './chat-replay.ts';
import { type AnswerDeps, objectOfAccepted } from './generate.ts';
import { idempotently } from './idempotent.ts';
import { answerLive } from './stream.ts';

const answerPlain = async (
  deps: AnswerDeps,
  submission: Submission,
  preference: string | undefined,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const key = await signingKey(deps);
  const job = await submitAndWait(deps, submission, functionSignal);
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

/**
 * `POST /v1/chat/completions`: the completion, plain or streamed, or 202 with the URL where it will
 * be. Throws Faults for requests that are refused or could not be accepted.
 */
export const answerChat = (
  deps: AnswerDeps,
  received: HttpRequest,
  waitDefaultMs: number,
  functionSignal: AbortSignal,
): Promise<HttpReply> =>
  idempotently(deps, received, async (request, keyed) => {
    const chat = parseChatRequest(request.body, referencesOf(request));
    const { submission, preference } = callerOf(request, waitDefaultMs);
    const stored = { api: 'chat', request: chat } as const;
    if (!submission.respondAsync) prefetch(deps, chat);
    const callbacks = await callbacksOf(deps, request, chat.callback);
    const asked = { ...submission, ...keyed, ...callbacks, stored };
    if (!chat.stream || submission.respondAsync) {
      return answerPlain(deps, asked, preference, functionSignal);
    }
    const shape = {
      frames: chatFrames,
      replay: (job: Job, signal: AbortSignal) => replayChat(deps, job, chat, signal),
      locate: () => `${request.baseUrl}/`,
    };
    return answerLive(deps, asked, shape, functionSignal);
  });
