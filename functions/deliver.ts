import middy from '@middy/core';
import { composeDeliver } from '../lib/compose/deliver.ts';
import { deliver } from '../lib/delivery/deliver.ts';
import { newPatience } from '../lib/delivery/patience.ts';
import { backoffMs } from '../lib/job/retry.ts';
import { newerVersionMs, reserveMs } from '../lib/limits.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';
import { type RecordBatch, sqsRecords } from '../lib/middleware/sqs-records.ts';
import { readDeliveryMessage } from '../lib/wire/delivery-message.ts';

const { deps, lanes, visibility } = composeDeliver();
/** What this sandbox has seen of receivers, for as long as it lives. */
const patience = newPatience(deps, lanes);

/** A batch of the deliveries queue: for each record a callback, or who is to be called back. */
export const handler = middy({ timeoutEarlyInMillis: 0 })
  .use(deadline({ reserveMs }))
  .use(sqsRecords({ visibility, log: deps.log, backoffMs }))
  .handler((batch: RecordBatch, context: DeadlineContext) =>
    batch.each(async ({ messageId, body, receiveCount }) => {
      const read = readDeliveryMessage(body);
      if (read.kind === 'unreadable') return read;
      if (read.kind === 'message') {
        const { signal } = context.deadline;
        return deliver(deps, read.message, { receiveCount, patience, signal });
      }
      deps.log.warn('message.left', { messageId, why: read.why });
      return { kind: 'redeliver', afterMs: newerVersionMs };
    }),
  );
