import { ReceiveMessageCommand } from '@aws-sdk/client-sqs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { sqsClient } from '../../lib/adapters/sqs-client.ts';
import { sqsQueue } from '../../lib/adapters/sqs-queue.ts';
import { sqsVisibility } from '../../lib/adapters/sqs-visibility.ts';
import type { JobMessage } from '../../lib/ports/queues.ts';
import { type QueueEmulator, startQueues } from '../fixtures/emulators.ts';

const message: JobMessage = { v: 1, jobId: 'gen_1', epoch: 3 };
const unavailable = { code: 'queue_unavailable', retry: { kind: 'later' }, retryAfterMs: 2_000 };

let queues: QueueEmulator;
beforeAll(async () => {
  queues = await startQueues();
});
afterAll(() => queues.close());
afterEach(() => {
  vi.unstubAllEnvs();
});

const receive = async (queueUrl: string, waitSeconds: number) => {
  const { Messages: messages = [] } = await queues.client.send(
    new ReceiveMessageCommand({ QueueUrl: queueUrl, WaitTimeSeconds: waitSeconds }),
  );
  return messages;
};

/** What a queue would put on the wire. */
const sentBy = async (tenant: string, delayMs: number) => {
  const client = sqsClient({ endpoint: queues.endpoint, region: 'us-east-1' });
  const inputs: Record<string, unknown>[] = [];
  client.middlewareStack.add(
    () =>
      async ({ input }) => {
        inputs.push({ ...input });
        return { output: { $metadata: {} }, response: undefined };
      },
    { step: 'initialize', priority: 'high' },
  );
  await sqsQueue(client, 'http://queue/1').send(message, tenant, delayMs);
  client.destroy();
  return inputs[0] ?? {};
};

describe('send', () => {
  test('a message arrives as it was sent, and holds the hint only', async () => {
    const url = await queues.createQueue('sent');
    await sqsQueue(queues.client, url).send({ ...message, ...{ prompt: 'secret' } }, 'acme', 0);
    const [received] = await receive(url, 2);
    expect(JSON.parse(received?.Body ?? '')).toEqual(message);
  });

  test('a delay is rounded up to whole seconds and kept within fifteen minutes', async () => {
    expect(await sentBy('acme', 0)).toMatchObject({ DelaySeconds: 0 });
    expect(await sentBy('acme', 1)).toMatchObject({ DelaySeconds: 1 });
    expect(await sentBy('acme', 1_001)).toMatchObject({ DelaySeconds: 2 });
    expect(await sentBy('acme', 10_000_000)).toMatchObject({ DelaySeconds: 900 });
    expect(await sentBy('acme', -5)).toMatchObject({ DelaySeconds: 0 });
  });

  test('a delayed message is not shown before its time', async () => {
    const url = await queues.createQueue('delayed');
    await sqsQueue(queues.client, url).send(message, 'acme', 900);
    expect(await receive(url, 0)).toEqual([]);
    expect(await receive(url, 5)).toHaveLength(1);
  });

  test('the message group is the tenant, in letters that SQS takes', async () => {
    expect(await sentBy('acme-1', 0)).toMatchObject({ MessageGroupId: 'acme-1' });
    for (const odd of ['två ord', '', 'x'.repeat(129), 'a\nb'])
      expect(await sentBy(odd, 0)).toMatchObject({
        MessageGroupId: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
  });

  test('the endpoint of the environment is called, whatever host the queue URL names', async () => {
    const url = new URL(await queues.createQueue('elsewhere'));
    url.host = 'sqs.invalid:9';
    vi.stubEnv('AWS_ENDPOINT_URL_SQS', queues.endpoint);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const client = sqsClient();
    await sqsQueue(client, url.href).send(message, 'acme', 0);
    client.destroy();
    expect(await receive(url.href, 2)).toHaveLength(1);
  });

  test('a queue that is not there, or not reachable, is a Fault', async () => {
    const nowhere = sqsQueue(queues.client, `${queues.endpoint}/000000000000/none`);
    await expect(nowhere.send(message, 'acme', 0)).rejects.toMatchObject(unavailable);
    const client = sqsClient({
      endpoint: 'http://127.0.0.1:1',
      region: 'us-east-1',
      maxAttempts: 1,
    });
    await expect(
      sqsQueue(client, 'http://127.0.0.1:1/q').send(message, 'acme', 0),
    ).rejects.toMatchObject(unavailable);
    client.destroy();
  });
});

describe('visibility', () => {
  test('a received message comes back when its visibility says, not when the queue does', async () => {
    const url = await queues.createQueue('visible', { VisibilityTimeout: '600' });
    await sqsQueue(queues.client, url).send(message, 'acme', 0);
    const [first] = await receive(url, 2);
    await sqsVisibility(queues.client, url).change(first?.ReceiptHandle ?? '', 100);
    expect(await receive(url, 0)).toEqual([]);
    const [again] = await receive(url, 5);
    expect(again?.MessageId).toBe(first?.MessageId);
  });

  test('a receipt that is not one is a Fault', async () => {
    const url = await queues.createQueue('no-receipt');
    await expect(sqsVisibility(queues.client, url).change('nonsense', 5_000)).rejects.toMatchObject(
      unavailable,
    );
  });
});
