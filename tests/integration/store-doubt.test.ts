import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { dynamoContent } from '../../lib/adapters/dynamo-content.ts';
import { dynamoJobs } from '../../lib/adapters/dynamo-jobs.ts';
import { epochMs } from '../../lib/job/time.ts';
import type { JobWrite } from '../../lib/job/write.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import {
  type FaultyServer,
  startAnswerDropper,
  startSilentServer,
} from '../fixtures/faulty-server.ts';
import { queuedJob } from '../fixtures/jobs.ts';

const clock = { nowMs: () => epochMs(Date.now()) };

let table: TableEmulator;
const servers: FaultyServer[] = [];
beforeAll(async () => {
  table = await startTable();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => table.close());

/** The store behind another endpoint, with so many tries of the SDK's. */
const storeAt = (endpoint: string, maxAttempts: number) =>
  dynamoJobs(table.clientWith({ endpoint, maxAttempts }), table.tableName, clock);
const store = () => dynamoJobs(table.client, table.tableName, clock);

const fencedWrite = (id: string): JobWrite => ({
  name: 'test',
  id,
  when: [{ field: 'writeNo', is: 0 }],
  set: { writeNo: 1 },
  clear: [],
});

test('a store that never answers makes writes doubtful and reads a Fault, in seconds', async () => {
  const silent = await startSilentServer();
  servers.push(silent);
  const jobs = storeAt(silent.endpoint, 1);
  const job = queuedJob();
  const startedAtMs = Date.now();
  const [created, written] = await Promise.all([
    jobs.create(job),
    jobs.write(fencedWrite(job.id)),
    expect(jobs.load(job.id, 'strong')).rejects.toMatchObject({
      code: 'store_unavailable',
      retry: { kind: 'later' },
    }),
    expect(jobs.due(0, epochMs(1), 5)).rejects.toMatchObject({ code: 'store_unavailable' }),
    expect(jobs.withdraw(fencedWrite(job.id))).rejects.toMatchObject({ code: 'store_unavailable' }),
  ]);
  expect(created.kind).toBe('doubtful');
  expect(written.kind).toBe('doubtful');
  expect(Date.now() - startedAtMs).toBeLessThan(15_000);
});

test('a store that refuses connections makes writes doubtful and says when to come back', async () => {
  const jobs = storeAt('http://127.0.0.1:1', 3);
  const job = queuedJob();
  expect(await jobs.create(job)).toMatchObject({ kind: 'doubtful' });
  await expect(jobs.load(job.id, 'strong')).rejects.toMatchObject({
    code: 'store_unavailable',
    retryAfterMs: 2_000,
  });
});

test('a write whose answer was lost is doubtful though it landed', async () => {
  const dropper = await startAnswerDropper(table.port, 2);
  servers.push(dropper);
  const job = queuedJob();
  expect(await storeAt(dropper.endpoint, 1).create(job)).toMatchObject({ kind: 'doubtful' });
  expect(await store().load(job.id, 'strong')).toEqual(job);
  expect(await storeAt(dropper.endpoint, 1).write(fencedWrite(job.id))).toMatchObject({
    kind: 'doubtful',
  });
  expect((await store().load(job.id, 'strong'))?.writeNo).toBe(1);
});

test('repeated by the SDK, a write that landed is doubtful: only a read tells', async () => {
  const dropper = await startAnswerDropper(table.port, 1);
  servers.push(dropper);
  const job = queuedJob();
  await store().create(job);
  expect(await storeAt(dropper.endpoint, 3).write(fencedWrite(job.id))).toMatchObject({
    kind: 'doubtful',
  });
  expect((await store().load(job.id, 'strong'))?.writeNo).toBe(1);
});

test('a read whose answer was lost is repeated', async () => {
  const dropper = await startAnswerDropper(table.port, 1);
  servers.push(dropper);
  const job = queuedJob();
  await store().create(job);
  expect(await storeAt(dropper.endpoint, 3).load(job.id, 'strong')).toEqual(job);
});

test('a table that is not there is a Fault, never a doubt', async () => {
  const jobs = dynamoJobs(table.client, 'no-such-table', clock);
  await expect(jobs.create(queuedJob())).rejects.toMatchObject({ code: 'store_unavailable' });
  await expect(jobs.load('gen_x', 'strong')).rejects.toMatchObject({ code: 'store_unavailable' });
});

test('an item too large for the table is our own fault and not worth a retry', async () => {
  const job = queuedJob({ model: 'x'.repeat(450_000) });
  await expect(store().create(job)).rejects.toMatchObject({
    code: 'internal_error',
    retry: { kind: 'never' },
  });
});

test('an item that is no job is unreadable, and one with more attributes is read', async () => {
  const put = (id: string, more: Record<string, { S: string }>) =>
    table.client.send(
      new PutItemCommand({
        TableName: table.tableName,
        Item: { pk: { S: id }, sk: { S: 'job' }, ...more },
      }),
    );
  await put('gen_bad', { status: { S: 'queued' } });
  await expect(store().load('gen_bad', 'strong')).rejects.toMatchObject({
    code: 'item_unreadable',
  });
  const job = queuedJob();
  await store().create({ ...job, ...{ fromANewerVersion: { deep: ['x'] } } });
  expect(await store().load(job.id, 'strong')).toEqual(job);
});

test('content behind a store that refuses connections is a Fault', async () => {
  const client = table.clientWith({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
  const content = dynamoContent(client, table.tableName);
  const job = queuedJob({ segments: [{ attempt: 1, upTo: 1 }] });
  const unavailable = { code: 'store_unavailable' };
  const at = epochMs(Date.now());
  await expect(content.putRequest(job.id, 'u', {}, at)).rejects.toMatchObject(unavailable);
  await expect(content.getRequest(job)).rejects.toMatchObject(unavailable);
  await expect(content.readChunks(job)).rejects.toMatchObject(unavailable);
  await expect(
    content.putChunk(job.id, { attempt: 1, first: 1, deltas: ['x'] }, at),
  ).rejects.toMatchObject(unavailable);
});
