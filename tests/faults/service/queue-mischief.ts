import {
  ChangeMessageVisibilityCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import * as z from 'zod';
import type { FaultLine } from '../journal.ts';
import { randomOf } from '../prng.ts';
import { messageJob } from './called-job.ts';
import type { ProxiedCall } from './fault-proxy.ts';

const messageSchema = z.looseObject({
  MessageId: z.string(),
  ReceiptHandle: z.string(),
  Body: z.string(),
  Attributes: z.looseObject({ MessageGroupId: z.string().optional() }).optional(),
});
const answerSchema = z.looseObject({ Messages: z.array(messageSchema).optional() });
type Message = z.infer<typeof messageSchema>;

export type QueueMischief = {
  edit(call: ProxiedCall, answer: Buffer): Promise<Buffer>;
  /** The last receipt of each message that was handed over, by its id. */
  readonly receipts: ReadonlyMap<string, string>;
  /** A queue that is started anew knows nothing of them. */
  forget(): void;
};

const doubledShare = 0.15;
const heldBackShare = 0.1;

/** What is received comes in another order, some of it later, and some of it twice. */
export const queueMischief = (options: {
  readonly seed: number;
  readonly note: (line: FaultLine) => void;
  /** Whether messages are to be held back now, and to come twice and in disorder. */
  readonly holding: () => boolean;
  readonly doubling: () => boolean;
  /** Straight to the emulator, and the queue's own address there. */
  readonly emulator: () => { readonly sqs: SQSClient; readonly queueUrl: string };
}): QueueMischief => {
  const random = randomOf(options.seed, 'queue');
  const receipts = new Map<string, string>();

  const noteFault = (kind: string, { Body }: Message, detail: string): void => {
    const jobId = messageJob(Body);
    options.note({
      kind,
      atMs: Date.now(),
      detail,
      ...(jobId === undefined ? {} : { jobId }),
    });
  };

  const double = async (message: Message): Promise<void> => {
    const { sqs, queueUrl } = options.emulator();
    const delaySeconds = random.between(0, 30);
    const group = message.Attributes?.MessageGroupId;
    noteFault('message doubled', message, `${delaySeconds} s later`);
    await sqs.send(
      new SendMessageCommand({
        QueueUrl: queueUrl,
        MessageBody: message.Body,
        DelaySeconds: delaySeconds,
        ...(group === undefined ? {} : { MessageGroupId: group }),
      }),
    );
  };

  const holdBack = async (message: Message): Promise<void> => {
    const { sqs, queueUrl } = options.emulator();
    const seconds = random.between(1, 12);
    noteFault('message held back', message, `${seconds} s`);
    await sqs.send(
      new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: message.ReceiptHandle,
        VisibilityTimeout: seconds,
      }),
    );
  };

  return {
    receipts,
    forget: () => receipts.clear(),
    async edit({ action, body }, answer) {
      const isOfJobs = String(body['QueueUrl']).endsWith('-jobs');
      if (action !== 'sqs:ReceiveMessage' || !isOfJobs) return answer;
      const received = answerSchema.parse(JSON.parse(answer.toString('utf8')));
      const messages = received.Messages ?? [];
      for (const { MessageId, ReceiptHandle } of messages) receipts.set(MessageId, ReceiptHandle);
      if (!options.doubling() || messages.length === 0) return answer;
      const kept: Message[] = [];
      for (const message of random.shuffled(messages)) {
        if (random.chance(doubledShare)) await double(message);
        if (options.holding() && random.chance(heldBackShare)) await holdBack(message);
        else kept.push(message);
      }
      return Buffer.from(JSON.stringify({ ...received, Messages: kept }));
    },
  };
};
