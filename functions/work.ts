import middy from '@middy/core';
import { composeWork } from '../lib/compose/work.ts';
import { newCompany } from '../lib/generation/solitude.ts';
import { work } from '../lib/generation/work.ts';
import { backoffMs } from '../lib/job/retry.ts';
import { newerVersionMs, reserveMs } from '../lib/limits.ts';
import { type DeadlineContext, deadline } from '../lib/middleware/deadline.ts';
import { type RecordBatch, sqsRecords } from '../lib/middleware/sqs-records.ts';
import { readJobMessage } from '../lib/wire/job-message.ts';

const { deps, visibility } = composeWork();

/** A batch of the jobs queue: for each record an attempt of its job. */
export const handler = middy({ timeoutEarlyInMillis: 0 })
  .use(deadline({ reserveMs }))
  .use(sqsRecords({ visibility, log: deps.log, backoffMs }))
  .handler((batch: RecordBatch, context: DeadlineContext) => {
    const company = newCompany(() => context.getRemainingTimeInMillis());
    return batch.each(async ({ messageId, body }) => {
      const read = readJobMessage(body);
      if (read.kind === 'unreadable') return read;
      if (read.kind === 'message') {
        return work(deps, read.message, context.deadline.signal, company);
      }
      deps.log.warn('message.left', { messageId, why: read.why });
      return { kind: 'redeliver', afterMs: newerVersionMs };
    });
  });
