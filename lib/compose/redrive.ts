import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { dynamoJobs } from '../adapters/dynamo-jobs.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsDeadLetters } from '../adapters/sqs-dead-letters.ts';
import { sqsDeliveryQueue } from '../adapters/sqs-delivery-queue.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { systemClock } from '../adapters/system-clock.ts';
import type { KeyTable } from './keys.ts';

/** A queue and its dead-letter queue, and the table that its messages hint at. */
export type RedrivePlace = {
  readonly table: KeyTable;
  readonly sqs: KeyTable['client'];
  readonly queueUrl: string;
  readonly deadLetterQueueUrl: string;
};

/**
 * What bringing dead messages back needs, in a place named by whoever does it; of `queue` and
 * `deliveryQueue` the one that the place is of.
 */
export const composeRedrive = ({ table, sqs, queueUrl, deadLetterQueueUrl }: RedrivePlace) => {
  const client = sqsClient(sqs);
  const clock = systemClock();
  const items = dynamoClient(table.client);
  return {
    jobs: dynamoJobs(items, table.tableName, clock),
    deliveries: dynamoDeliveries(items, table.tableName, clock),
    queue: sqsQueue(client, queueUrl),
    deliveryQueue: sqsDeliveryQueue(client, queueUrl),
    deadLetters: sqsDeadLetters(client, deadLetterQueueUrl),
  };
};
