import type { Queue } from '../ports/queues.ts';

/** The jobs queue for a function that hardly ever sends: its client is loaded with the first message. */
export const queueOnDemand = (queueUrl: string): Queue => {
  let loading: Promise<Queue> | undefined;
  const load = async (): Promise<Queue> => {
    const [{ sqsClient }, { sqsQueue }] = await Promise.all([
      import('../adapters/sqs-client.ts'),
      import('../adapters/sqs-queue.ts'),
    ]);
    return sqsQueue(sqsClient(), queueUrl);
  };
  return {
    async send(...message) {
      loading ??= load();
      return (await loading).send(...message);
    },
  };
};
