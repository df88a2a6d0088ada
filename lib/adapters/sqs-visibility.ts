import { ChangeMessageVisibilityCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { Visibility } from '../ports/queues.ts';
import { queueFault } from './sqs-faults.ts';

/** SQS: 12 hours at most, counted from the receipt (ChangeMessageVisibility; read 2026-11). */
const maxSeconds = 12 * 60 * 60;

/** Rounds up to whole seconds. Fails, with Fault `queue_unavailable`, for a receipt that is spent. */
export const sqsVisibility = (client: SQSClient, queueUrl: string): Visibility => ({
  async change(receiptHandle, afterMs) {
    const change = new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: receiptHandle,
      VisibilityTimeout: Math.min(Math.max(Math.ceil(afterMs / 1000), 1), maxSeconds),
    });
    await client.send(change).catch((thrown: unknown) => {
      throw queueFault(thrown);
    });
  },
});
