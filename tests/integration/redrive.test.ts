import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import {
  GetQueueAttributesCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { dynamoDeliveries } from '../../lib/adapters/dynamo-deliveries.ts';
import { dynamoJobs } from '../../lib/adapters/dynamo-jobs.ts';
import { sqsDeadLetters } from '../../lib/adapters/sqs-dead-letters.ts';
import { systemClock } from '../../lib/adapters/system-clock.ts';
import { failDelivery } from '../../lib/callback/change-delivery.ts';
import { newDelivery } from '../../lib/callback/delivery.ts';
import { cancel } from '../../lib/job/outside.ts';
import { epochMs } from '../../lib/job/time.ts';
import { judgeJobMessage } from '../../lib/redrive/judge-job-message.ts';
import { redrive } from '../../lib/redrive/redrive.ts';
import { startAccount } from '../fixtures/aws-account.ts';
import { runScript } from '../fixtures/command.ts';
import {
  type QueueEmulator,
  startQueues,
  startTable,
  type TableEmulator,
} from '../fixtures/emulators.ts';
import { queuedJob } from '../fixtures/jobs.ts';

let table: TableEmulator;
let queues: QueueEmulator;
let jobs: ReturnType<typeof dynamoJobs>;
beforeAll(async () => {
  [table, queues] = await Promise.all([startTable(), startQueues()]);
  jobs = dynamoJobs(table.client, table.tableName, systemClock());
});
afterAll(async () => {
  await Promise.all([table.close(), queues.close()]);
});

let queueUrl: string;
let deadUrl: string;
let deliveriesUrl: string;
let deadDeliveriesUrl: string;
let round = 0;
beforeEach(async () => {
  round += 1;
  queueUrl = await queues.createQueue(`s${round}-jobs`);
  deadUrl = await queues.createQueue(`s${round}-jobs-dead-letter`);
  deliveriesUrl = await queues.createQueue(`s${round}-deliveries`);
  deadDeliveriesUrl = await queues.createQueue(`s${round}-deliveries-dead-letter`);
});

const fresh = (changes: Parameters<typeof queuedJob>[0] = {}) => {
  const nowMs = Date.now();
  return queuedJob({
    createdAtMs: epochMs(nowMs),
    deadlineAtMs: epochMs(nowMs + 3_600_000),
    resultExpiresAtMs: epochMs(nowMs + 86_400_000),
    ...changes,
  });
};

const live = async (): Promise<string> => {
  const job = fresh({ epoch: 7 });
  await jobs.create(job);
  return job.id;
};

const cancelled = async (): Promise<string> => {
  const job = fresh();
  await jobs.create(job);
  await jobs.write(cancel(job, epochMs(Date.now())));
  return job.id;
};

const spoilt = async (attribute: string, value: string): Promise<string> => {
  const id = await live();
  await table.client.send(
    new UpdateItemCommand({
      TableName: table.tableName,
      Key: { pk: { S: id }, sk: { S: 'job' } },
      UpdateExpression: 'SET #attribute = :value',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: { ':value': { N: value } },
    }),
  );
  return id;
};

const hintTo = (jobId: string): string => JSON.stringify({ v: 1, jobId, epoch: 1 });

const bury = async (body: string, url = deadUrl): Promise<string> => {
  const { MessageId = '' } = await queues.client.send(
    new SendMessageCommand({ QueueUrl: url, MessageBody: body }),
  );
  return MessageId;
};

/** The bodies of `count` messages, once they can be received. */
const received = async (url: string, count: number): Promise<string[]> => {
  const bodies = new Map<string | undefined, string>();
  await expect
    .poll(async () => {
      const { Messages = [] } = await queues.client.send(
        new ReceiveMessageCommand({
          QueueUrl: url,
          MaxNumberOfMessages: 10,
          VisibilityTimeout: 60,
        }),
      );
      for (const { MessageId, Body = '' } of Messages) bodies.set(MessageId, Body);
      return bodies.size;
    })
    .toBe(count);
  return [...bodies.values()].sort();
};

/** How many messages the queue holds, taken or not. */
const held = async (url: string): Promise<number> => {
  const { Attributes = {} } = await queues.client.send(
    new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['All'] }),
  );
  return (
    Number(Attributes['ApproximateNumberOfMessages']) +
    Number(Attributes['ApproximateNumberOfMessagesNotVisible'])
  );
};

const dataFolder = async (): Promise<string> => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outlast-redrive-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const endpoints = {
    url: 'http://127.0.0.1:1',
    region: 'us-east-1',
    tableEndpoint: table.endpoint,
    tableNames: [table.tableName],
    queueEndpoint: queues.endpoint,
    queueUrls: [deadDeliveriesUrl, deadUrl, deliveriesUrl, queueUrl],
  };
  await writeFile(path.join(dataDir, 'endpoints.json'), JSON.stringify(endpoints));
  return dataDir;
};

const command = async (line = '') =>
  runScript('scripts/redrive.ts', [
    ...line.split(' ').filter(Boolean),
    '--data',
    await dataFolder(),
  ]);

test('an empty dead-letter queue is said to be empty', async () => {
  const jobsAre = 'The dead-letter queue of the jobs queue is empty.';
  const deliveriesAre = 'The dead-letter queue of the deliveries queue is empty.';
  const empty = { code: 0, stderr: '' };
  expect(await command()).toEqual({ ...empty, stdout: `${jobsAre}\n${deliveriesAre}` });
  expect(await command('--queue jobs')).toEqual({ ...empty, stdout: jobsAre });
});

describe('a dead message of the deliveries queue', () => {
  const hint = (jobId: string, target?: string, deliveryNo = 1): string =>
    JSON.stringify({ v: 1, jobId, deliveryNo, target });

  /** A job that has ended and owes its first callbacks. */
  const owing = async (): Promise<string> => {
    const job = fresh({ callback: { url: 'https://hooks.example.com/' } });
    await jobs.create(job);
    await jobs.write(cancel(job, epochMs(Date.now())));
    return job.id;
  };

  /** The job of a delivery that is pending, or failed for good. */
  const delivering = async (state: 'pending' | 'failed'): Promise<string> => {
    const deliveries = dynamoDeliveries(table.client, table.tableName, systemClock());
    const { id: jobId, tenant, resultExpiresAtMs } = fresh();
    const url = 'https://hooks.example.com/';
    const from = { jobId, deliveryNo: 1, target: 'own', url, tenant, resultExpiresAtMs };
    const delivery = newDelivery(from, epochMs(Date.now()));
    await deliveries.create(delivery);
    if (state === 'failed') await deliveries.save(failDelivery(delivery, 'exhausted'));
    return jobId;
  };

  test('goes back while it has work left, and is deleted without', async () => {
    const [owes, told] = [await owing(), await cancelled()];
    const [pending, failed] = [await delivering('pending'), await delivering('failed')];
    const [first, next] = [hint(owes), hint(pending, 'own')];
    const spent = [hint(told), hint(owes, undefined, 2), hint(failed, 'own'), hint('gen_1', 'own')];
    for (const body of [first, next, ...spent]) await bury(body, deadDeliveriesUrl);
    const { code, stdout, stderr } = await command();
    expect(stderr).toBe('');
    expect(stdout).toMatch(new RegExp(`^deliveries .*${owes} +its job owes callbacks +sent`, 'm'));
    expect(stdout).toMatch(new RegExp(`${pending} +its delivery is pending +sent`));
    expect(stdout).toMatch(new RegExp(`${told} +its job owes no callback +deleted`));
    expect(stdout).toMatch(new RegExp(`${failed} +its delivery is failed +deleted`));
    expect(stdout).toMatch(/gen_1 +its delivery is gone +deleted/);
    expect(stdout).toContain('2 sent, 4 deleted.');
    expect(code).toBe(0);
    expect(await received(deliveriesUrl, 2)).toEqual([first, next].sort());
    expect([await held(deadDeliveriesUrl), await held(queueUrl)]).toEqual([0, 0]);
  });

  test('stays when nobody can read it, and is left alone by --queue jobs', async () => {
    const id = await bury('{"v":2}', deadDeliveriesUrl);
    const { code, stdout } = await command('--queue deliveries');
    expect(code).toBe(1);
    expect(stdout).toMatch(new RegExp(`${id} .*a delivery message of a later version +left`));
    expect((await command('--queue jobs')).code).toBe(0);
    // What was left is visible again after a second.
    await expect
      .poll(async () => (await command(`--drop ${id}`)).stdout)
      .toMatch(new RegExp(`^deliveries +${id} .*dropped$`, 'm'));
    expect(await held(deadDeliveriesUrl)).toBe(0);
  });
});

test('a message whose job lives goes back, made anew from the job; one without work left is deleted', async () => {
  const [alive, ended] = [await live(), await cancelled()];
  for (const id of [alive, ended, 'gen_gone']) await bury(hintTo(id));
  const { code, stdout, stderr } = await command();
  expect(stderr).toBe('');
  expect(stdout).toMatch(new RegExp(`${alive} +its job is queued +sent`));
  expect(stdout).toMatch(new RegExp(`${ended} +its job is cancelled +deleted`));
  expect(stdout).toMatch(/gen_gone +its job is gone +deleted/);
  expect(stdout).toContain('1 sent, 2 deleted.');
  expect(code).toBe(0);
  expect(await received(queueUrl, 1)).toEqual([JSON.stringify({ v: 1, jobId: alive, epoch: 7 })]);
  expect(await held(deadUrl)).toBe(0);
});

test('what nobody can read stays, is listed with the reason, and makes the command fail', async () => {
  const damaged = await spoilt('epoch', '-1');
  const newer = await spoilt('v', '2');
  const secret = 'sk-not-to-be-shown';
  const bodies = [secret, '[]', '{"v":2}', hintTo(damaged), hintTo(newer)];
  for (const body of bodies) await bury(body);
  const { code, stdout } = await command();
  expect(code).toBe(1);
  expect(stdout).toMatch(/- +not JSON +left/);
  expect(stdout).toMatch(/- +not a job message +left/);
  expect(stdout).toMatch(/- +a job message of a later version +left/);
  expect(stdout).toMatch(new RegExp(`${damaged} +.*\\(fields: epoch\\)\\. +left`));
  expect(stdout).toMatch(new RegExp(`${newer} +its job is of a later version +left`));
  expect(stdout).not.toContain(secret);
  expect(await received(deadUrl, bodies.length)).toEqual(bodies.sort());
  expect(await held(queueUrl)).toBe(0);
});

test('once it is repaired, what was left goes back', async () => {
  const id = await spoilt('epoch', '-1');
  await bury(hintTo(id));
  expect((await command()).code).toBe(1);
  await spoiltBack(id);
  // What was left is visible again after a second.
  await expect.poll(async () => (await command()).stdout).toContain('1 sent.');
  expect(await held(queueUrl)).toBe(1);
});

const spoiltBack = async (id: string): Promise<void> => {
  await table.client.send(
    new UpdateItemCommand({
      TableName: table.tableName,
      Key: { pk: { S: id }, sk: { S: 'job' } },
      UpdateExpression: 'SET epoch = :one',
      ExpressionAttributeValues: { ':one': { N: '1' } },
    }),
  );
};

test('a dry run says the same and changes nothing', async () => {
  const id = await live();
  await bury(hintTo(id));
  const { code, stdout } = await command('--dry-run');
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`${id} +its job is queued +sent`));
  expect(stdout).toContain('nothing was changed');
  expect(await received(deadUrl, 1)).toEqual([hintTo(id)]);
  expect(await held(queueUrl)).toBe(0);
});

test('a message that is dropped goes whatever it is, and no other', async () => {
  const dropped = await bury('not JSON');
  await bury('nor this');
  const { code, stdout } = await command(`--drop ${dropped}`);
  expect(code).toBe(0);
  expect(stdout).toMatch(new RegExp(`^jobs +${dropped} .*dropped$`, 'm'));
  expect(await command(`--drop ${dropped}`)).toMatchObject({
    code: 1,
    stderr: `No dead-letter queue (jobs, deliveries) holds a message ${dropped}.`,
  });
  expect(await received(deadUrl, 1)).toEqual(['nor this']);
});

test('a deployed stage’s queues are found by its stack', async () => {
  const account = await startAccount({
    stack: {
      status: 'UPDATE_COMPLETE',
      outputs: {
        TableName: table.tableName,
        JobsQueueUrl: queueUrl,
        JobsDeadLetterQueueName: `s${round}-jobs-dead-letter`,
        DeliveriesQueueUrl: deliveriesUrl,
        DeliveriesDeadLetterQueueName: `s${round}-deliveries-dead-letter`,
      },
    },
    parameters: [],
    concurrentExecutions: 10,
    throttleRate: 1,
    denied: [],
  });
  onTestFinished(() => account.close());
  await bury(hintTo(await live()));
  const { code, stdout, stderr } = await runScript('scripts/redrive.ts', ['--stage', 'prod'], {
    ...account.environment,
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    AWS_ENDPOINT_URL_SQS: queues.endpoint,
  });
  expect(stderr).toBe('');
  expect(stdout).toContain('1 sent.');
  expect(code).toBe(0);
  expect(await held(queueUrl)).toBe(1);
});

test('what cannot be judged or sent now is let go, and everything that is not done yet with it', async () => {
  const ids = await Promise.all(Array.from({ length: 12 }, live));
  for (const id of ids) await bury(hintTo(id));
  const deadLetters = sqsDeadLetters(queues.client, deadUrl);
  const sent: string[] = [];
  const queue = {
    send: async ({ jobId }: { jobId: string }) => {
      if (sent.length === 5) throw new Error('the queue is down');
      sent.push(jobId);
    },
  };
  const judge = (body: string) => judgeJobMessage({ jobs, queue }, body);
  const all = { dryRun: false, drop: undefined };
  await expect(redrive({ deadLetters, judge }, all)).rejects.toThrow('the queue is down');
  const left = ids.filter((id) => !sent.includes(id)).map(hintTo);
  expect(await received(deadUrl, 7)).toEqual(left.sort());
});

test.each([
  ['--stage prod --data x', '--data is for the local'],
  ['--region eu-west-1', '--region needs --stage'],
  ['--stage ../x', 'is no stage.'],
  ['--all', "Unknown option '--all'"],
  ['--queue dead', '"dead" is no queue of ours.'],
])('%s is refused with what is wrong and how it is used', async (line, fault) => {
  const { code, stderr } = await runScript('scripts/redrive.ts', line.split(' '));
  expect(code).toBe(1);
  expect(stderr).toContain(fault);
  expect(stderr).toContain('Usage: npm run redrive');
});

test('without a local service it says how to reach one', async () => {
  const { code, stderr } = await runScript('scripts/redrive.ts', ['--data', '/nonexistent']);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^No local Outlast runs with the data folder \/nonexistent: [^\n]+$/);
});
