import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { DeleteMessageCommand, SendMessageCommand } from '@aws-sdk/client-sqs';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { SQSEvent } from 'aws-lambda';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Invocation } from '../../local/lambda/lambda.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import {
  generateEvent,
  jobsEvent,
  keyedEvent,
  resultEvent,
  scheduledEvent,
} from '../fixtures/deployment/events.ts';
import { type Reply, streamedReply } from '../fixtures/deployment/invoke.ts';
import { jobItem, jobKey } from '../fixtures/deployment/job-item.ts';
import type { JobBody } from '../fixtures/generation-body.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let deployed: Deployment;
beforeAll(async () => {
  deployed = await startDeployment();
});
afterAll(() => deployed.close());

const queued = async (prompt: string, model = 'demo?tokens=20'): Promise<JobBody> => {
  const later = { prefer: 'respond-async' };
  const event = generateEvent({ prompt, model }, later);
  return (await streamedReply(deployed.lambda, 'submit', event)).body;
};

const read = (event: unknown): Promise<Reply> => streamedReply(deployed.lambda, 'read', event);
const ledgerOf = (id: string) => read(keyedEvent('GET', '/jobs/{id}', { id }));

const send = async (MessageBody: string): Promise<void> => {
  const { client, url: QueueUrl } = deployed.jobsQueue;
  await client.send(new SendMessageCommand({ QueueUrl, MessageBody }));
};

/** All that is in the queue, taken out of it: so many messages, as one batch. */
const takeBatch = async (count: number): Promise<SQSEvent> => {
  const Records: SQSEvent['Records'] = [];
  await waitFor(
    async () => {
      Records.push(...(await jobsEvent(deployed)).Records);
      return Records.length;
    },
    (taken) => taken === count,
    90_000,
  );
  return { Records };
};

const forget = async ({ Records }: SQSEvent): Promise<void> => {
  const { client, url: QueueUrl } = deployed.jobsQueue;
  for (const { receiptHandle: ReceiptHandle } of Records) {
    await client.send(new DeleteMessageCommand({ QueueUrl, ReceiptHandle }));
  }
};

/** The bodies of the messages that are to come again. */
const failedOf = (event: SQSEvent, answer: Invocation): string[] => {
  if (answer.kind !== 'buffered') throw new Error(JSON.stringify(answer));
  const { batchItemFailures } = answer.payload as {
    batchItemFailures: { itemIdentifier: string }[];
  };
  const ids = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier));
  return event.Records.filter(({ messageId }) => ids.has(messageId)).map(({ body }) => body);
};

const set = async (id: string, fields: Readonly<Record<string, unknown>>): Promise<void> => {
  const names = Object.keys(fields);
  await deployed.table.client.send(
    new UpdateItemCommand({
      TableName: deployed.table.name,
      Key: jobKey(id),
      UpdateExpression: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      ExpressionAttributeNames: Object.fromEntries(names.map((name) => [`#${name}`, name])),
      ExpressionAttributeValues: marshall(
        Object.fromEntries(names.map((name) => [`:${name}`, fields[name]])),
      ),
    }),
  );
};

const hintTo = (jobId: string): string => JSON.stringify({ v: 1, jobId, epoch: 1 });

test('what a batch cannot use comes again, is read by nobody, and keeps no neighbour from its end', async () => {
  const newer = await queued('Of a later version.');
  const damaged = await queued('Damaged.');
  const neighbour = await queued('Neighbour.');
  await set(newer.id, { v: 2 });
  await set(damaged.id, { strikes: 'many' });
  const gone = hintTo('gen_00000000000000000000000000000000');
  const poison = ['not JSON', '{"jobs":[]}', '{"v":2,"job":{"id":"gen_1"}}'];
  for (const body of [...poison, gone]) await send(body);
  const batch = await takeBatch(7);
  const comesAgain = failedOf(batch, await deployed.lambda.invoke('work', batch));
  await forget(batch);
  expect(comesAgain.sort()).toEqual([...poison, hintTo(newer.id), hintTo(damaged.id)].sort());
  const logged = deployed.logged.join('\n');
  for (const why of ['not JSON', 'not a job message (fields: v, jobId, epoch)', 'strikes']) {
    expect(logged).toContain(why);
  }
  expect(await read(resultEvent(neighbour.result_url))).toMatchObject({
    status: 200,
    body: { status: 'completed', attempts: 1 },
  });

  expect(await ledgerOf(newer.id)).toMatchObject({
    status: 503,
    headers: { 'retry-after': '30' },
    body: { error: { code: 'item_newer' } },
  });
  expect(await ledgerOf(damaged.id)).toMatchObject({
    status: 500,
    body: { error: { code: 'item_unreadable' } },
  });

  for (const { id } of [newer, damaged]) await set(id, { dueAtMs: 1 });
  const before = await jobItem(deployed, newer.id);
  expect(await deployed.lambda.invoke('sweep', scheduledEvent())).toMatchObject({
    payload: { failed: 0 },
  });
  expect(await jobItem(deployed, newer.id)).toEqual(before);
  expect(await jobItem(deployed, damaged.id)).toMatchObject({
    status: 'failed',
    error: { code: 'item_unreadable' },
    strikes: 'many',
  });
  expect(await jobItem(deployed, damaged.id)).not.toHaveProperty('dueAtMs');
});

test('a damaged job is left out of a list, and one of a later version has the client come again', async () => {
  const [shown = '', hidden = ''] = await Promise.all(
    ['Shown.', 'Hidden.'].map(async (input) => {
      const body = { model: 'demo', input, background: true };
      const event = keyedEvent('POST', '/v1/responses', { body });
      return (await streamedReply(deployed.lambda, 'submit', event)).body.id;
    }),
  );
  await forget(await takeBatch(2));
  const list = () => read(keyedEvent('GET', '/v1/responses'));
  await set(hidden, { ledger: 'none' });
  expect(await list()).toMatchObject({ status: 200, body: { data: [{ id: shown }] } });
  await set(hidden, { v: 2 });
  expect(await list()).toMatchObject({ status: 503, body: { error: { code: 'item_newer' } } });
});

test('a job that crashes each of its workers runs alone after the first time, and fails after five', async () => {
  const prompt = 'Crashes whoever runs it.';
  const killer = await queued(prompt, 'demo?first_ms=0&tokens=4000&rate=20');
  const companions: JobBody[] = [];
  const crash = async (event: SQSEvent, company: readonly JobBody[]): Promise<void> => {
    const { attempt } = await jobItem(deployed, killer.id);
    const working = deployed.lambda.invoke('work', event);
    await waitFor(
      () => jobItem(deployed, killer.id),
      (item) => item['status'] === 'in_progress' && item['attempt'] !== attempt,
      60_000,
    );
    for (const { id } of company) {
      expect(await jobItem(deployed, id)).toMatchObject({ status: 'completed', attempt: 1 });
    }
    for (const { name, sandboxes } of deployed.lambda.status()) {
      if (name === 'work') for (const { pid } of sandboxes) process.kill(pid, 'SIGKILL');
    }
    expect(await working).toMatchObject({ kind: 'error' });
    // As if the lease had run out and the sweep had come.
    await set(killer.id, { leaseExpiresAtMs: 1, dueAtMs: 1 });
    await deployed.lambda.invoke('sweep', scheduledEvent());
  };

  await crash(await takeBatch(1), []);
  let died: SQSEvent = { Records: [] };
  for (const round of [2, 3, 4, 5]) {
    const company = [await queued(`Neighbour a of ${round}.`), await queued(`And b of ${round}.`)];
    companions.push(...company);
    died = await takeBatch(3);
    await crash(died, company);
  }
  expect(await read(resultEvent(killer.result_url))).toMatchObject({
    status: 200,
    body: { status: 'failed', attempts: 5, error: { code: 'worker_lost' } },
  });
  // The messages of the batch that died come again: there is nothing left to do for them.
  expect(failedOf(died, await deployed.lambda.invoke('work', died))).toEqual([]);
  for (const { id } of companions) {
    expect(await jobItem(deployed, id)).toMatchObject({ status: 'completed', attempt: 1 });
  }
  expect(await generationsFor(deployed.demo.baseUrl, 'Neighbour a of 5.')).toHaveLength(1);
});
