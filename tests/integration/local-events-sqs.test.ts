import {
  ChangeMessageVisibilityCommand,
  CreateQueueCommand,
  DeleteQueueCommand,
  GetQueueAttributesCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
  SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import { buildApp } from 'fauxqs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { type SqsEventSource, startSqsEventSource } from '../../local/events/sqs-event-source.ts';
import { type LocalLambda, startLambda } from '../../local/lambda/lambda.ts';
import { fixtureSpec } from '../fixtures/lambda/fixture-spec.ts';

const app = buildApp({ logger: false });
const stopping: (() => Promise<void>)[] = [];
let sqs: SQSClient;
let lambda: LocalLambda;
let queueUrl: string;
let queueNo = 0;

beforeAll(async () => {
  sqs = new SQSClient({
    region: 'us-east-1',
    endpoint: await app.listen({ host: '127.0.0.1', port: 0 }),
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    useQueueUrlAsEndpoint: false,
  });
  lambda = await startLambda([fixtureSpec('batches.work'), fixtureSpec('batches.fragile')]);
  await Promise.all([lambda.warm('work'), lambda.warm('fragile')]);
});
afterAll(async () => {
  await lambda.close();
  sqs.destroy();
  await app.close();
});
beforeEach(async () => {
  queueNo += 1;
  queueUrl = await createQueue(`jobs-${queueNo}`, { VisibilityTimeout: '30' });
});
afterEach(async () => {
  await Promise.all(stopping.splice(0).map((stop) => stop()));
  await sqs.send(new DeleteQueueCommand({ QueueUrl: queueUrl }));
});

async function createQueue(name: string, attributes: Record<string, string>): Promise<string> {
  const command = new CreateQueueCommand({ QueueName: name, Attributes: attributes });
  const { QueueUrl = '' } = await sqs.send(command);
  return QueueUrl;
}

/** From here on in the test the queue is one whose messages come back after a second. */
async function useBriefQueue(): Promise<void> {
  queueUrl = await createQueue(`brief-${queueNo}`, { VisibilityTimeout: '1' });
}

/** Starts an event source that notes every event, in order, before it is invoked. */
function listen(overrides: Partial<SqsEventSource> = {}) {
  const events: SQSEvent[] = [];
  const logged: string[] = [];
  const running = { now: 0, most: 0 };
  const invoke = overrides.invoke ?? ((event) => lambda.invoke('work', event));
  const { stop } = startSqsEventSource({
    queueUrl,
    queueArn: `arn:aws:sqs:us-east-1:000000000000:jobs-${queueNo}`,
    sqs,
    batchSize: 10,
    reportBatchItemFailures: true,
    onLog: (line) => logged.push(line),
    ...overrides,
    invoke: async (event) => {
      events.push(event);
      running.now += 1;
      running.most = Math.max(running.most, running.now);
      try {
        return await invoke(event);
      } finally {
        running.now -= 1;
      }
    },
  });
  stopping.push(stop);
  return { events, running, logged, stop };
}

async function send(body: unknown, url = queueUrl): Promise<void> {
  const MessageBody = JSON.stringify(body);
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody }));
}

async function sendTogether(bodies: unknown[]): Promise<void> {
  const Entries = bodies.map((body, index) => ({
    Id: String(index),
    MessageBody: JSON.stringify(body),
  }));
  await sqs.send(new SendMessageBatchCommand({ QueueUrl: queueUrl, Entries }));
}

async function counts(url = queueUrl) {
  const command = new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] });
  const { Attributes = {} } = await sqs.send(command);
  return {
    visible: Number(Attributes.ApproximateNumberOfMessages),
    inFlight: Number(Attributes.ApproximateNumberOfMessagesNotVisible),
  };
}

const empty = { visible: 0, inFlight: 0 };

function bodies(events: readonly SQSEvent[]): string[] {
  return events.flatMap(({ Records }) => Records.map(({ body }) => body));
}

test('a message becomes an event with every field of Lambda, and is deleted on success', async () => {
  const { events } = listen();
  const sentMs = Date.now();
  await sqs.send(
    new SendMessageCommand({
      QueueUrl: queueUrl,
      MessageBody: '{"jobId":"gen_1"}',
      MessageAttributes: {
        note: { DataType: 'String', StringValue: 'hello' },
        raw: { DataType: 'Binary', BinaryValue: Buffer.from('bytes') },
      },
    }),
  );
  await expect.poll(() => events).toHaveLength(1);
  const [record] = events[0]?.Records ?? [];
  expect(record).toEqual({
    messageId: expect.stringMatching(/^[0-9a-f-]{36}$/),
    receiptHandle: expect.any(String),
    body: '{"jobId":"gen_1"}',
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: expect.stringMatching(/^\d{13}$/),
      SenderId: expect.any(String),
      ApproximateFirstReceiveTimestamp: expect.stringMatching(/^\d{13}$/),
    },
    messageAttributes: {
      note: {
        dataType: 'String',
        stringValue: 'hello',
        stringListValues: [],
        binaryListValues: [],
      },
      raw: {
        dataType: 'Binary',
        binaryValue: Buffer.from('bytes').toString('base64'),
        stringListValues: [],
        binaryListValues: [],
      },
    },
    md5OfBody: expect.stringMatching(/^[0-9a-f]{32}$/),
    md5OfMessageAttributes: expect.stringMatching(/^[0-9a-f]{32}$/),
    eventSource: 'aws:sqs',
    eventSourceARN: `arn:aws:sqs:us-east-1:000000000000:jobs-${queueNo}`,
    awsRegion: 'us-east-1',
  });
  expect(Number(record?.attributes.SentTimestamp)).toBeGreaterThanOrEqual(sentMs - 1);
  await expect.poll(() => counts()).toEqual(empty);
});

test('a message that is sent to a waiting source is invoked within a moment', async () => {
  const { events } = listen();
  await send({ warm: true });
  await expect.poll(() => counts()).toEqual(empty);
  // The quickest of three: the machine may be busy for a moment, the source must not be.
  const tookMs: number[] = [];
  for (const count of [2, 3, 4]) {
    const sentMs = performance.now();
    await send({ timed: true });
    await expect.poll(() => events, { interval: 2 }).toHaveLength(count);
    tookMs.push(performance.now() - sentMs);
  }
  expect(Math.min(...tookMs)).toBeLessThan(500);
});

test('of a batch only the failed messages come back', async () => {
  await useBriefQueue();
  await sendTogether([{ no: 1 }, { no: 2, fail: true }, { no: 3 }]);
  const { events } = listen();
  await expect.poll(() => counts(), { timeout: 60_000 }).toEqual({ visible: 0, inFlight: 1 });
  await expect.poll(() => events.length, { timeout: 60_000 }).toBeGreaterThan(1);
  expect(bodies(events.slice(0, 2))).toEqual([
    '{"no":1}',
    '{"no":2,"fail":true}',
    '{"no":3}',
    '{"no":2,"fail":true}',
  ]);
  expect(events[1]?.Records[0]?.attributes.ApproximateReceiveCount).toBe('2');
});

test('visibility that the function set for a failed message is not touched', async () => {
  await useBriefQueue();
  const { events } = listen({
    invoke: async ({ Records: [record] }) => {
      const command = new ChangeMessageVisibilityCommand({
        QueueUrl: queueUrl,
        ReceiptHandle: record?.receiptHandle,
        VisibilityTimeout: 3,
      });
      if (record?.attributes.ApproximateReceiveCount === '1') await sqs.send(command);
      const failed = record?.attributes.ApproximateReceiveCount === '1';
      const itemIdentifier = record?.messageId;
      const payload = { batchItemFailures: failed ? [{ itemIdentifier }] : [] };
      return { kind: 'buffered', payload, requestId: 'r' };
    },
  });
  const sentMs = performance.now();
  await send({});
  await expect.poll(() => events, { timeout: 60_000 }).toHaveLength(2);
  expect(performance.now() - sentMs).toBeGreaterThan(2_500);
});

test.each([
  ['throws', { throw: true }],
  ['dies', { die: true }],
])('a function that %s has its whole batch redelivered', async (_what, body) => {
  await useBriefQueue();
  await sendTogether([{ no: 1 }, { no: 2, once: true, ...body }]);
  const { events } = listen({ invoke: (event) => lambda.invoke('fragile', event) });
  await expect.poll(() => bodies(events), { timeout: 60_000 }).toHaveLength(4);
  await expect.poll(() => counts(), { timeout: 60_000 }).toEqual(empty);
  const [first, second] = events;
  expect(second?.Records.map(({ messageId }) => messageId).sort()).toEqual(
    first?.Records.map(({ messageId }) => messageId).sort(),
  );
});

test('a message that always fails ends in the dead-letter queue', async () => {
  const deadUrl = await createQueue(`dead-${queueNo}`, {});
  const redrivenUrl = await createQueue(`redriven-${queueNo}`, {
    VisibilityTimeout: '1',
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: `arn:aws:sqs:us-east-1:000000000000:dead-${queueNo}`,
      maxReceiveCount: 2,
    }),
  });
  const { events } = listen({ queueUrl: redrivenUrl });
  await send({ fail: true }, redrivenUrl);
  await expect.poll(() => counts(deadUrl), { timeout: 60_000 }).toMatchObject({ visible: 1 });
  expect(events).toHaveLength(2);
});

test('no more invocations run at once than allowed, and nothing is received for later', async () => {
  const { running, events } = listen({ batchSize: 1, maximumConcurrency: 2 });
  await sendTogether([1, 2, 3, 4, 5].map((no) => ({ no, holdMs: 1_000 })));
  await expect.poll(() => running.now).toBe(2);
  expect(await counts()).toEqual({ visible: 3, inFlight: 2 });
  await expect.poll(() => counts(), { timeout: 60_000 }).toEqual(empty);
  expect(running.most).toBe(2);
  expect(new Set(bodies(events)).size).toBe(5);
});

test('a message that arrives during an invocation is taken by another one', async () => {
  const { running } = listen();
  await send({ holdMs: 2_000 });
  await expect.poll(() => running.now).toBe(1);
  await send({ holdMs: 0 });
  await expect.poll(() => running.most).toBe(2);
  await expect.poll(() => counts(), { timeout: 60_000 }).toEqual(empty);
});

test('a batching window gathers messages for one invocation', async () => {
  const url = await createQueue(`gathered-${queueNo}`, { VisibilityTimeout: '30' });
  const { events } = listen({ queueUrl: url, batchSize: 20, batchingWindowSeconds: 1 });
  for (const no of [1, 2, 3]) await send({ no }, url);
  await expect.poll(() => events, { timeout: 60_000 }).toHaveLength(1);
  expect(bodies(events)).toEqual(['{"no":1}', '{"no":2}', '{"no":3}']);
});

test('a throttled batch is tried again, and not lost', async () => {
  let refusals = 2;
  const { events } = listen({
    invoke: async (event) => {
      refusals -= 1;
      return refusals < 0 ? lambda.invoke('work', event) : { kind: 'throttled' };
    },
  });
  await send({});
  await expect.poll(() => counts(), { timeout: 60_000 }).toEqual(empty);
  expect(events).toHaveLength(3);
});

test('without reports of item failures a batch that names some is deleted all the same', async () => {
  await useBriefQueue();
  const { events } = listen({ reportBatchItemFailures: false });
  await send({ fail: true });
  await expect.poll(() => events).toHaveLength(1);
  await expect.poll(() => counts()).toEqual(empty);
});

test('a stopped source receives nothing more', async () => {
  const { events, stop } = listen();
  await send({});
  await expect.poll(() => counts()).toEqual(empty);
  const startedMs = performance.now();
  await stop();
  // A reception that has begun would last for twenty seconds.
  expect(performance.now() - startedMs).toBeLessThan(15_000);
  await send({});
  expect(events).toHaveLength(1);
});

test('a queue that cannot be reached is reported, and polled on', async () => {
  const { logged, stop } = listen({ queueUrl: `${queueUrl}-absent` });
  await expect.poll(() => logged.length, { timeout: 60_000 }).toBeGreaterThan(1);
  expect(logged[0]).toContain('messages cannot be received');
  await stop();
});
