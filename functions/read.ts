import { answerRead } from '../lib/answer/read.ts';
import { composeRead } from '../lib/compose/read.ts';
import { api } from '../lib/middleware/api.ts';

const { deps, http } = composeRead();

/** What only reads: result URLs, responses and their streams, jobs, models, the health check. */
export const handler = api(http, (request, signal) => answerRead(deps, request, signal));
