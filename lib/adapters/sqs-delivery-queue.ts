import { SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { maxMessageDelayMs } from '../limits.ts';
import type { DeliveryQueue } from '../ports/queues.ts';
import { queueFault } from './sqs-faults.ts';
import { messageGroup } from './sqs-queue.ts';

/** As the jobs queue: a standard one, made fair by the tenant. */
export const sqsDeliveryQueue = (client: SQSClient, queueUrl: string): DeliveryQueue => ({
  async send({ v, jobId, deliveryNo, target }, tenant, delayMs) {
    const send = new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: JSON.stringify({ v, jobId, deliveryNo, target }),
      MessageGroupId: messageGroup(tenant),
      DelaySeconds: Math.ceil(Math.min(Math.max(delayMs, 0), maxMessageDelayMs) / 1000),
    });
    await client.send(send).catch((thrown: unknown) => {
      throw queueFault(thrown);
    });
  },
});
