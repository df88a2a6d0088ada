import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { composeRead } from '../lib/compose/read.ts';
import { answerResult } from '../lib/generation/answer-result.ts';
import { reserveMs } from '../lib/limits.ts';
import { deadline, type DeadlineContext } from '../lib/middleware/deadline.ts';
import { http } from '../lib/middleware/http.ts';
import type { HttpReply, HttpRequest } from '../lib/wire/http.ts';

const { deps, settings } = composeRead();

const healthy: HttpReply = { status: 200, headers: {}, body: { status: 'ok' } };

/** `GET /results/{id}` and `GET /health` */
export const handler = middy({
  executionMode: executionModeStreamifyResponse,
  timeoutEarlyInMillis: 0,
})
  .use(
    http({
      methods: ['GET'],
      body: 'none',
      corsOrigins: settings.CORS_ORIGINS,
      publicBaseUrl: settings.PUBLIC_BASE_URL,
      log: deps.log,
    }),
  )
  .use(deadline({ reserveMs }))
  .handler(async (request: HttpRequest, context: DeadlineContext) =>
    request.pathParameters['id'] === undefined
      ? healthy
      : answerResult(deps, request, context.deadline.signal),
  );
