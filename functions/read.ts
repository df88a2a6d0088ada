import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { answerRead } from '../lib/answer/read.ts';
import { composeRead } from '../lib/compose/read.ts';
import { reserveMs } from '../lib/limits.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';
import { http } from '../lib/middleware/http.ts';
import type { HttpRequest } from '../lib/wire/http.ts';

const { deps, settings } = composeRead();

/** What only reads: result URLs, responses and their streams, jobs, models, the health check. */
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
  .handler((request: HttpRequest, context: DeadlineContext) =>
    answerRead(deps, request, context.deadline.signal),
  );
