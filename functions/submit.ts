import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { answerChat } from '../lib/answer/chat.ts';
import { answerGenerate } from '../lib/answer/generate.ts';
import { answerResponses } from '../lib/answer/responses.ts';
import { composeSubmit } from '../lib/compose/submit.ts';
import { reserveMs } from '../lib/limits.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';
import { http } from '../lib/middleware/http.ts';
import type { HttpRequest } from '../lib/wire/http.ts';

const { deps, settings } = composeSubmit();

/** What makes jobs: `POST` of `/generate`, `/v1/responses` and `/v1/chat/completions`. */
export const handler = middy({
  executionMode: executionModeStreamifyResponse,
  timeoutEarlyInMillis: 0,
})
  .use(
    http({
      corsOrigins: settings.CORS_ORIGINS,
      publicBaseUrl: settings.PUBLIC_BASE_URL,
      log: deps.log,
    }),
  )
  .use(deadline({ reserveMs }))
  .handler((request: HttpRequest, { deadline: { signal } }: DeadlineContext) => {
    switch (request.route) {
      case '/v1/responses':
        return answerResponses(deps, request, settings.WAIT_DEFAULT_MS_RESPONSES, signal);
      case '/v1/chat/completions':
        return answerChat(deps, request, settings.WAIT_DEFAULT_MS_CHAT, signal);
      default:
        return answerGenerate(deps, request, settings.WAIT_DEFAULT_MS_GENERATE, signal);
    }
  });
