import { randomUUID } from 'node:crypto';
import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { dynamoIdempotencyKeys } from '../../lib/adapters/dynamo-idempotency-keys.ts';
import { after, epochMs } from '../../lib/job/time.ts';
import type { IdempotencyKeys, KeyRecord } from '../../lib/ports/idempotency-keys.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import {
  type FaultyServer,
  startAnswerDropper,
  startSilentServer,
} from '../fixtures/faulty-server.ts';

const nowMs = epochMs(1_900_000_000_000);
const expiresAtMs = after(nowMs, 1_500);
const recordOf = (jobId: string, changes: Partial<KeyRecord> = {}): KeyRecord => ({
  jobId,
  fingerprint: 'f',
  expiresAtMs,
  ...changes,
});

let table: TableEmulator;
let keys: IdempotencyKeys;
const servers: FaultyServer[] = [];
beforeAll(async () => {
  table = await startTable();
  keys = dynamoIdempotencyKeys(table.client, table.tableName);
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});
afterAll(() => table.close());

const keysAt = (endpoint: string, maxAttempts: number): IdempotencyKeys =>
  dynamoIdempotencyKeys(table.clientWith({ endpoint, maxAttempts }), table.tableName);

test('of those who reserve a key at once one does, and all are told which', async () => {
  const hash = randomUUID();
  const ids = Array.from({ length: 20 }, (_, index) => `gen_${index}`);
  const told = await Promise.all(ids.map((id) => keys.reserve('acme', hash, recordOf(id), nowMs)));
  expect(new Set(told.map(({ jobId }) => jobId)).size).toBe(1);
  expect(await keys.find('acme', hash, nowMs)).toEqual(told[0]);
  expect(await keys.find('globex', hash, nowMs)).toBeUndefined();
});

test('a record is in force until it expires, whether or not the table has deleted it', async () => {
  const hash = randomUUID();
  const first = recordOf('gen_1');
  await keys.reserve('acme', hash, first, nowMs);
  const lastMs = after(expiresAtMs, -1);
  const second = recordOf('gen_2', { expiresAtMs: after(expiresAtMs, 1_000) });
  expect(await keys.reserve('acme', hash, second, lastMs)).toEqual(first);
  expect(await keys.find('acme', hash, lastMs)).toEqual(first);
  expect(await keys.find('acme', hash, expiresAtMs)).toBeUndefined();
  expect(await keys.reserve('acme', hash, second, expiresAtMs)).toEqual(second);
});

test('the table deletes a record when it has expired, and not before', async () => {
  const hash = randomUUID();
  await keys.reserve('acme', hash, recordOf('gen_1'), nowMs);
  const Key = { pk: { S: `IDEM#acme#${hash}` }, sk: { S: 'key' } };
  const { Item: item } = await table.client.send(
    new GetItemCommand({ TableName: table.tableName, Key }),
  );
  expect(item?.['expiresAtSeconds']?.N).toBe('1900000002');
});

test('a key is given free by the job that it stands for alone', async () => {
  const hash = randomUUID();
  const record = recordOf('gen_1');
  await keys.reserve('acme', hash, record, nowMs);
  await keys.release('acme', hash, 'gen_2');
  expect(await keys.find('acme', hash, nowMs)).toEqual(record);
  await keys.release('acme', hash, 'gen_1');
  await keys.release('acme', hash, 'gen_1');
  expect(await keys.find('acme', hash, nowMs)).toBeUndefined();
});

test.each([1, 2])(
  'a reservation whose answer was lost is found again, with %i tries of the SDK’s',
  async (maxAttempts) => {
    const dropper = await startAnswerDropper(table.port, 1);
    servers.push(dropper);
    const hash = randomUUID();
    const record = recordOf('gen_1');
    const told = await keysAt(dropper.endpoint, maxAttempts).reserve('acme', hash, record, nowMs);
    expect(told).toEqual(record);
    expect(await keys.find('acme', hash, nowMs)).toEqual(record);
  },
);

test('a store that does not answer is a Fault that can be tried again', async () => {
  const silent = await startSilentServer();
  servers.push(silent);
  const mute = keysAt(silent.endpoint, 1);
  const unavailable = { code: 'store_unavailable', retry: { kind: 'later' } };
  await Promise.all([
    expect(mute.find('acme', 'hash', nowMs)).rejects.toMatchObject(unavailable),
    expect(mute.reserve('acme', 'hash', recordOf('gen_1'), nowMs)).rejects.toMatchObject(
      unavailable,
    ),
    expect(mute.release('acme', 'hash', 'gen_1')).rejects.toMatchObject(unavailable),
  ]);
});
