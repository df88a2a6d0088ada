import middy from '@middy/core';
import { composeSweep } from '../lib/compose/sweep.ts';
import { sweep } from '../lib/generation/sweep.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';

const { deps } = composeSweep();
const sweepReserveMs = 5_000;

/** Every minute: what is due. */
export const handler = middy({ timeoutEarlyInMillis: 0 })
  .use(deadline({ reserveMs: sweepReserveMs }))
  .handler((_event: unknown, context: DeadlineContext) => sweep(deps, context.deadline.signal));
