import middy from '@middy/core';
import { composeWork } from '../lib/compose/work.ts';
import { work } from '../lib/generation/work.ts';
import { backoffMs } from '../lib/job/retry.ts';
import { reserveMs } from '../lib/limits.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';
import { type RecordBatch, sqsRecords } from '../lib/middleware/sqs-records.ts';
import { parseJobMessage } from '../lib/wire/job-message.ts';

const { deps, visibility } = composeWork();

/** A batch of the jobs queue: for each record an attempt of its job. */
export const handler = middy({ timeoutEarlyInMillis: 0 })
  .use(deadline({ reserveMs }))
  .use(sqsRecords({ visibility, log: deps.log, backoffMs }))
  .handler((batch: RecordBatch, context: DeadlineContext) =>
    batch.each(async ({ body }) => {
      const message = parseJobMessage(body);
      return message === undefined
        ? { kind: 'unreadable', why: 'not a job message of a version known here' }
        : work(deps, message, context.deadline.signal);
    }),
  );
