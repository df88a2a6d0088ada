import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { reserveMs } from '../limits.ts';
import type { HttpReply, HttpRequest } from '../wire/http.ts';
import { type DeadlineContext, deadline } from './deadline.ts';
import { type HttpOptions, http } from './http.ts';

type Answer = (request: HttpRequest, signal: AbortSignal) => Promise<HttpReply>;

/**
 * A Lambda handler behind the API: streamed replies, faults in the error shape, and a signal that
 * aborts when the function's time is nearly up. middy's own early time-out is off, since it would
 * race the handler's promise.
 */
export const api = (options: HttpOptions, answer: Answer) =>
  middy({ executionMode: executionModeStreamifyResponse, timeoutEarlyInMillis: 0 })
    .use(http(options))
    .use(deadline({ reserveMs }))
    .handler((request: HttpRequest, context: DeadlineContext) =>
      answer(request, context.deadline.signal),
    );
