import {
  ChangeMessageVisibilityCommand,
  DeleteMessageCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { epochMs } from '../job/time.ts';
import type { DeadLetter, DeadLetters } from '../ports/queues.ts';
import { queueFault } from './sqs-faults.ts';

/** How long a message that was taken is nobody else's; longer than looking through a queue takes. */
const takenSeconds = 10 * 60;
/**
 * A receive that waits asks all of SQS's servers ("long polling", Developer Guide; read 2026-11), so an
 * empty one means an empty queue. Shorter than a call may last.
 */
const waitSeconds = 1;

const toLetter = ({ MessageId, ReceiptHandle, Body, Attributes }: Message): DeadLetter => ({
  messageId: MessageId ?? '',
  receipt: ReceiptHandle ?? '',
  body: Body ?? '',
  sentAtMs: epochMs(Number(Attributes?.SentTimestamp ?? 0)),
});

const rethrow = (thrown: unknown): never => {
  throw queueFault(thrown);
};

/** The messages of a dead-letter queue. */
export const sqsDeadLetters = (client: SQSClient, queueUrl: string): DeadLetters => ({
  async take() {
    const receive = new ReceiveMessageCommand({
      QueueUrl: queueUrl,
      MaxNumberOfMessages: 10,
      VisibilityTimeout: takenSeconds,
      WaitTimeSeconds: waitSeconds,
      MessageSystemAttributeNames: ['SentTimestamp'],
    });
    const { Messages = [] } = await client.send(receive).catch(rethrow);
    return Messages.map(toLetter);
  },

  async remove({ receipt }) {
    const command = new DeleteMessageCommand({ QueueUrl: queueUrl, ReceiptHandle: receipt });
    await client.send(command).catch(rethrow);
  },

  async release({ receipt }) {
    const command = new ChangeMessageVisibilityCommand({
      QueueUrl: queueUrl,
      ReceiptHandle: receipt,
      VisibilityTimeout: 1,
    });
    await client.send(command).catch(rethrow);
  },
});
