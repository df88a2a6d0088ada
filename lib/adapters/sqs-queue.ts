import { createHash } from 'node:crypto';
import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { maxMessageDelayMs } from '../limits.ts';
import type { Queue } from '../ports/queues.ts';
import { queueFault } from './sqs-faults.ts';

/** SQS: letters, digits and ASCII punctuation, 128 at most (SendMessage, MessageGroupId; 2026-11). */
export const messageGroup = (tenant: string): string =>
  /^[!-~]{1,128}$/.test(tenant) ? tenant : createHash('sha256').update(tenant).digest('hex');

/**
 * Messages of a standard queue. Their group makes the queue a fair one: a tenant with a long backlog
 * does not hold up the others. A send that was not answered may have landed.
 */
export const sqsQueue = (client: SQSClient, queueUrl: string): Queue => ({
  async send({ v, jobId, epoch }, tenant, delayMs) {
    const send = new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: JSON.stringify({ v, jobId, epoch }),
      MessageGroupId: messageGroup(tenant),
      DelaySeconds: Math.ceil(Math.min(Math.max(delayMs, 0), maxMessageDelayMs) / 1000),
    });
    await client.send(send).catch((thrown: unknown) => {
      throw queueFault(thrown);
    });
  },
});
