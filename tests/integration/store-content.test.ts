import { randomBytes } from 'node:crypto';
import { DeleteItemCommand, QueryCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoContent } from '../../lib/adapters/dynamo-content.ts';
import { epochMs } from '../../lib/job/time.ts';
import { maxItemBytes } from '../../lib/limits.ts';
import type { ContentStore } from '../../lib/ports/content.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import { queuedJob } from '../fixtures/jobs.ts';

const expiresAtMs = epochMs(1_900_000_000_001);
const unreadable = { code: 'item_unreadable', retry: { kind: 'never' } };

let table: TableEmulator;
let content: ContentStore;
beforeAll(async () => {
  table = await startTable();
  content = dynamoContent(table.client, table.tableName);
});
afterAll(() => table.close());

const itemsOf = async (jobId: string) => {
  const { Items: items = [] } = await table.client.send(
    new QueryCommand({
      TableName: table.tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: jobId } },
    }),
  );
  return items;
};

/** 3 MB of messages that gzip can do little about. */
const largeRequest = () => ({
  messages: [{ role: 'user', content: randomBytes(2_250_000).toString('base64') }],
  temperature: 0.5,
});

test('a request comes back as it was put, and its chunks carry a TTL in seconds', async () => {
  const { id } = queuedJob();
  const request = { prompt: 'Ærlig 🙂 \ud800 \u0000', nested: [null, { a: '' }] };
  const requestChunks = await content.putRequest(id, 'n1', request, expiresAtMs);
  expect(requestChunks).toBe(1);
  expect(await content.getRequest(queuedJob({ id, upload: 'n1', requestChunks }))).toEqual(request);
  const [item] = await itemsOf(id);
  expect(item?.['sk']?.S).toBe('req#n1#0');
  expect(item?.['expiresAtSeconds']?.N).toBe('1900000001');
});

test('a request of 3 MB is cut into items and put together again', async () => {
  const request = largeRequest();
  const { id } = queuedJob();
  const requestChunks = await content.putRequest(id, 'n1', request, expiresAtMs);
  expect(requestChunks).toBeGreaterThan(5);
  expect(await content.putRequest(id, 'n1', request, expiresAtMs)).toBe(requestChunks);
  const job = queuedJob({ id, upload: 'n1', requestChunks });
  expect(await content.getRequest(job)).toEqual(request);
});

test('every chunk is within the item limit', async () => {
  const { id } = queuedJob();
  const count = await content.putRequest(id, 'n', largeRequest(), expiresAtMs);
  const sizes = (await itemsOf(id)).map((item) => item['body']?.B?.byteLength ?? 0);
  expect(Math.max(...sizes)).toBeLessThanOrEqual(maxItemBytes);
  expect(count).toBeGreaterThan(1);
});

test('a request with a chunk missing or damaged is unreadable', async () => {
  const { id } = queuedJob();
  const requestChunks = await content.putRequest(id, 'n1', largeRequest(), expiresAtMs);
  const job = queuedJob({ id, upload: 'n1', requestChunks });
  const key = { pk: { S: id }, sk: { S: 'req#n1#1' } };
  await table.client.send(
    new UpdateItemCommand({
      TableName: table.tableName,
      Key: key,
      UpdateExpression: 'SET body = :b',
      ExpressionAttributeValues: { ':b': { B: new Uint8Array(10) } },
    }),
  );
  await expect(content.getRequest(job)).rejects.toMatchObject(unreadable);
  await table.client.send(new DeleteItemCommand({ TableName: table.tableName, Key: key }));
  await expect(content.getRequest(job)).rejects.toMatchObject(unreadable);
  await expect(
    content.getRequest(queuedJob({ id, upload: 'other', requestChunks: 1 })),
  ).rejects.toMatchObject(unreadable);
});

test('dropping a request leaves another upload of the same job', async () => {
  const { id } = queuedJob();
  const count = await content.putRequest(id, 'mine', largeRequest(), expiresAtMs);
  await content.putRequest(id, 'theirs', { prompt: 'theirs' }, expiresAtMs);
  await content.dropRequest(id, 'mine', count);
  await content.dropRequest(id, 'mine', count);
  expect((await itemsOf(id)).map((item) => item['sk']?.S)).toEqual(['req#theirs#0']);
});

test('a final object comes back, of the attempt that wrote it', async () => {
  const { id } = queuedJob();
  await content.putFinal(id, 1, { text: 'old' }, expiresAtMs);
  const chunks = await content.putFinal(id, 2, { text: 'new' }, expiresAtMs);
  expect(await content.getFinal(id, { attempt: 2, chunks })).toEqual({ text: 'new' });
});

test('chunks come in order of their sequence numbers, beyond nine and ninety-nine', async () => {
  const { id } = queuedJob();
  const firsts = [1, 2, 9, 10, 99, 100, 1_000, 20_000];
  for (const first of firsts.toReversed())
    await content.putChunk(id, { attempt: 1, first, deltas: [`d${first}`] }, expiresAtMs);
  const job = queuedJob({ id, segments: [{ attempt: 1, upTo: 20_000 }], seq: 20_000 });
  expect((await content.readChunks(job)).map(({ first }) => first)).toEqual(firsts);
});

test("what lies beyond a segment's end, and other attempts, do not count", async () => {
  const { id } = queuedJob();
  const put = (attempt: number, first: number, deltas: string[]) =>
    content.putChunk(id, { attempt, first, deltas }, expiresAtMs);
  await put(1, 1, ['a', 'b', 'c']);
  await put(1, 4, ['late']);
  await put(2, 3, ['d', 'e']);
  await put(2, 5, ['late']);
  await put(3, 1, ['never']);
  await put(11, 1, ['never']);
  const segments = [
    { attempt: 1, upTo: 2 },
    { attempt: 2, upTo: 4 },
  ];
  expect(await content.readChunks(queuedJob({ id, segments, seq: 4 }))).toEqual([
    { attempt: 1, first: 1, deltas: ['a', 'b'] },
    { attempt: 2, first: 3, deltas: ['d', 'e'] },
  ]);
  expect(await content.readChunks(queuedJob({ id, segments: [] }))).toEqual([]);
});

test('a transcript of several query pages is read whole', async () => {
  const { id } = queuedJob();
  const deltas = Array.from({ length: 12 }, () => randomBytes(150_000).toString('base64'));
  await Promise.all(
    deltas.map((delta, index) =>
      content.putChunk(id, { attempt: 1, first: index + 1, deltas: [delta] }, expiresAtMs),
    ),
  );
  const job = queuedJob({ id, segments: [{ attempt: 1, upTo: 12 }], seq: 12 });
  expect((await content.readChunks(job)).flatMap((chunk) => chunk.deltas)).toEqual(deltas);
});

test('an event too large for an item is kept whole, and a damaged one is not shown as less', async () => {
  const { id } = queuedJob();
  const event = JSON.stringify({ type: 'image', b64: randomBytes(1_200_000).toString('base64') });
  await content.putChunk(id, { attempt: 1, first: 1, deltas: ['before'] }, expiresAtMs);
  await content.putChunk(id, { attempt: 1, first: 2, deltas: [event] }, expiresAtMs);
  await content.putChunk(id, { attempt: 1, first: 3, deltas: ['after', 'late'] }, expiresAtMs);
  const job = queuedJob({ id, segments: [{ attempt: 1, upTo: 3 }], seq: 3 });
  const chunks = await content.readChunks(job);
  expect(chunks.flatMap(({ deltas }) => deltas)).toEqual(['before', event, 'after']);
  const upToIt = queuedJob({ id, segments: [{ attempt: 1, upTo: 2 }], seq: 2 });
  expect((await content.readChunks(upToIt)).at(-1)?.deltas).toEqual([event]);

  const items = await itemsOf(id);
  const part = items.find((item) => /#001$/.test(item['sk']?.S ?? ''));
  const Key = { pk: { S: id }, sk: { S: part?.['sk']?.S ?? '' } };
  await table.client.send(new DeleteItemCommand({ TableName: table.tableName, Key }));
  await expect(content.readChunks(job)).rejects.toMatchObject(unreadable);
});
