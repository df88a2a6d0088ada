import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { composeSubmit } from '../lib/compose/submit.ts';
import { answerGenerate } from '../lib/generation/answer-generate.ts';
import { reserveMs } from '../lib/limits.ts';
import { deadline, type DeadlineContext } from '../lib/middleware/deadline.ts';
import { http } from '../lib/middleware/http.ts';
import type { HttpRequest } from '../lib/wire/http.ts';

const { deps, settings } = composeSubmit();

/** `POST /generate` */
export const handler = middy({
  executionMode: executionModeStreamifyResponse,
  timeoutEarlyInMillis: 0,
})
  .use(
    http({
      methods: ['POST'],
      body: 'json',
      corsOrigins: settings.CORS_ORIGINS,
      publicBaseUrl: settings.PUBLIC_BASE_URL,
      log: deps.log,
    }),
  )
  .use(deadline({ reserveMs }))
  .handler((request: HttpRequest, context: DeadlineContext) =>
    answerGenerate(deps, request, settings.WAIT_DEFAULT_MS_GENERATE, context.deadline.signal),
  );
