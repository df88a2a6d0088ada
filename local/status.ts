import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { LocalLambda } from './lambda/lambda.ts';
import type { TemplateQueue } from './template/queues.ts';

/** Messages of one queue: to be received, being worked on, and not yet due. */
export type QueueStatus = { name: string; visible: number; inFlight: number; delayed: number };

/** What `GET /_local/status` answers. */
export type Status = { functions: ReturnType<LocalLambda['status']>; queues: QueueStatus[] };

/** What goes on in the local runtime just now. */
export async function readStatus(
  lambda: Pick<LocalLambda, 'status'>,
  sqs: SQSClient,
  queues: readonly TemplateQueue[],
): Promise<Status> {
  return {
    functions: lambda.status(),
    queues: await Promise.all(queues.map((queue) => queueStatus(sqs, queue))),
  };
}

async function queueStatus(sqs: SQSClient, { name, url }: TemplateQueue): Promise<QueueStatus> {
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({
      QueueUrl: url,
      AttributeNames: [
        'ApproximateNumberOfMessages',
        'ApproximateNumberOfMessagesNotVisible',
        'ApproximateNumberOfMessagesDelayed',
      ],
    }),
  );
  return {
    name,
    visible: Number(Attributes?.ApproximateNumberOfMessages ?? 0),
    inFlight: Number(Attributes?.ApproximateNumberOfMessagesNotVisible ?? 0),
    delayed: Number(Attributes?.ApproximateNumberOfMessagesDelayed ?? 0),
  };
}
