import { CreateQueueCommand, SQSClient } from '@aws-sdk/client-sqs';
import { buildApp } from 'fauxqs';
import type { TemplateQueue } from '../template/queues.ts';
import { type Emulator, emulatorCredentials } from './emulator.ts';

/** SQS on a free loopback port, in memory. */
export async function startQueueEmulator(region: string): Promise<Emulator> {
  const app = buildApp({ logger: false, defaultRegion: region });
  const endpoint = await app.listen({ host: '127.0.0.1', port: 0 });
  return { endpoint, close: () => app.close() };
}

/** A client of the emulator, or of what stands in front of it; the caller destroys it. */
export function queueClient(endpoint: string, region: string): SQSClient {
  return new SQSClient({
    endpoint,
    region,
    credentials: emulatorCredentials,
  });
}

/** Creates the queues in the order given, so a dead-letter queue comes before its source. */
export async function createQueues(
  client: SQSClient,
  queues: readonly TemplateQueue[],
): Promise<void> {
  for (const { name, attributes } of queues) {
    await client.send(new CreateQueueCommand({ QueueName: name, Attributes: attributes }));
  }
}
