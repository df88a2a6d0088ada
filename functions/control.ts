import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { answerControl } from '../lib/answer/control.ts';
import { composeControl } from '../lib/compose/control.ts';
import { reserveMs } from '../lib/limits.ts';
import { deadline } from '../lib/middleware/deadline.ts';
import { http } from '../lib/middleware/http.ts';
import type { HttpRequest } from '../lib/wire/http.ts';

const { deps, settings } = composeControl();

/** What changes jobs that exist: cancel, delete, retry. */
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
  .handler((request: HttpRequest) => answerControl(deps, request));
