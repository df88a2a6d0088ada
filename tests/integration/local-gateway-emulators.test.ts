import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import {
  DescribeTableCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetQueueAttributesCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { expect, onTestFinished, test } from 'vitest';
import { createTables } from '../../local/emulators/create-tables.ts';
import { type Emulator, emulatorCredentials } from '../../local/emulators/emulator.ts';
import {
  createQueues,
  queueClient,
  startQueueEmulator,
} from '../../local/emulators/queue-emulator.ts';
import { startTableEmulator } from '../../local/emulators/table-emulator.ts';
import { readStatus } from '../../local/status.ts';
import { readStack } from '../../local/template/stack.ts';
import { fixtureTemplate } from '../fixtures/local-gateway/template.ts';

const region = 'us-east-1';

const stackAt = (queueEndpoint: string) =>
  readStack(JSON.stringify(fixtureTemplate()), {
    accountId: '000000000000',
    region,
    stackName: 'fixture',
    queueEndpoint,
  });

function tableClient({ endpoint }: Emulator): DynamoDBClient {
  const client = new DynamoDBClient({ endpoint, region, credentials: emulatorCredentials });
  onTestFinished(() => client.destroy());
  return client;
}

test('a table on disk and what is in it outlive the emulator', async () => {
  const dir = await mkdtemp(path.join(tmpdir(), 'outlast-table-'));
  onTestFinished(() => rm(dir, { recursive: true, force: true }));
  const { tables } = stackAt('http://127.0.0.1:1');
  const key = { pk: { S: 'job-1' } };

  const first = await startTableEmulator({ path: dir });
  await createTables(first, region, tables);
  const item = { ...key, due: { N: '7' } };
  await tableClient(first).send(new PutItemCommand({ TableName: 'fixture-Table', Item: item }));
  await first.close();

  const second = await startTableEmulator({ path: dir });
  onTestFinished(() => second.close());
  await createTables(second, region, tables);
  const client = tableClient(second);
  const { Item } = await client.send(new GetItemCommand({ TableName: 'fixture-Table', Key: key }));
  expect(Item).toEqual(item);
  const { Table } = await client.send(new DescribeTableCommand({ TableName: 'fixture-Table' }));
  expect(Table?.TableStatus).toBe('ACTIVE');
  expect(Table?.GlobalSecondaryIndexes?.map(({ IndexName }) => IndexName)).toEqual(['due']);
});

test('a table on disk that lacks an index of the template is told, and not used', async () => {
  const emulator = await startTableEmulator({});
  onTestFinished(() => emulator.close());
  const { tables } = stackAt('http://127.0.0.1:1');
  const older = tables.map(({ GlobalSecondaryIndexes: _, ...table }) => ({
    ...table,
    AttributeDefinitions: table.AttributeDefinitions.slice(0, 1),
  }));
  await createTables(emulator, region, older);
  await expect(createTables(emulator, region, tables)).rejects.toThrow(
    'The table fixture-Table on disk was made by another version of Outlast',
  );
});

test('the queues of the template are where its functions are told they are', async () => {
  const emulator = await startQueueEmulator(region);
  onTestFinished(() => emulator.close());
  const { queues, functions } = stackAt(emulator.endpoint);
  const sqs = queueClient(emulator.endpoint, region);
  onTestFinished(() => sqs.destroy());
  await createQueues(sqs, queues);

  const queueUrl = functions[0]?.environment['QUEUE_URL'];
  await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'x' }));
  await sqs.send(
    new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: 'later', DelaySeconds: 60 }),
  );
  const { Attributes } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl: queueUrl, AttributeNames: ['All'] }),
  );
  expect(Attributes).toMatchObject({
    QueueArn: queues[1]?.arn,
    VisibilityTimeout: '120',
    RedrivePolicy: queues[1]?.attributes['RedrivePolicy'],
  });
  const status = await readStatus({ status: () => [] }, sqs, queues);
  expect(status).toEqual({
    functions: [],
    queues: [
      { name: 'fixture-DeadLetters', visible: 0, inFlight: 0, delayed: 0 },
      { name: 'fixture-work', visible: 1, inFlight: 0, delayed: 1 },
    ],
  });
});
