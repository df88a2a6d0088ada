import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoJobs } from '../adapters/dynamo-jobs.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsDeadLetters } from '../adapters/sqs-dead-letters.ts';
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

/** What bringing dead messages back needs, in a place named by whoever does it. */
export const composeRedrive = ({ table, sqs, queueUrl, deadLetterQueueUrl }: RedrivePlace) => {
  const client = sqsClient(sqs);
  return {
    jobs: dynamoJobs(dynamoClient(table.client), table.tableName, systemClock()),
    queue: sqsQueue(client, queueUrl),
    deadLetters: sqsDeadLetters(client, deadLetterQueueUrl),
  };
};
