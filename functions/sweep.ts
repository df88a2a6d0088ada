import middy from '@middy/core';
import { composeSweep } from '../lib/compose/sweep.ts';
import { sweepDeliveries } from '../lib/delivery/sweep-deliveries.ts';
import { sweep } from '../lib/generation/sweep.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';

const { deps } = composeSweep();
const sweepReserveMs = 5_000;

/** Every minute: what is due. */
export const handler = middy({ timeoutEarlyInMillis: 0 })
  .use(deadline({ reserveMs: sweepReserveMs }))
  .handler(async (_event: unknown, context: DeadlineContext) => {
    const { signal } = context.deadline;
    const [jobs, deliveries] = await Promise.all([
      sweep(deps, signal),
      sweepDeliveries(deps, signal),
    ]);
    return { ...jobs, sent: jobs.sent + deliveries.sent, failed: jobs.failed + deliveries.failed };
  });
