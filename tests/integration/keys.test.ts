import { createHash } from 'node:crypto';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoApiKeys } from '../../lib/adapters/dynamo-api-keys.ts';
import { dynamoSigningKeys } from '../../lib/adapters/dynamo-signing-keys.ts';
import { epochMs } from '../../lib/job/time.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import { startAnswerDropper } from '../fixtures/faulty-server.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

const put = (item: Record<string, unknown>) =>
  table.client.send(new PutItemCommand({ TableName: table.tableName, Item: marshall(item) }));

describe('signing keys', () => {
  const key = { pk: 'SIGNING#result-url', sk: 'keys' };
  const clock = { ms: 0, nowMs: () => epochMs(clock.ms) };
  const signing = (client = table.client) => dynamoSigningKeys(client, table.tableName, clock);
  beforeEach(() =>
    table.client.send(new DeleteItemCommand({ TableName: table.tableName, Key: marshall(key) })),
  );

  test('creators that race end with the same key of 256 bits', async () => {
    const found = await Promise.all(Array.from({ length: 6 }, () => signing().current()));
    expect(found[0]).toHaveLength(1);
    expect(found[0]?.[0]?.byteLength).toBe(32);
    for (const keys of found) expect(keys).toEqual(found[0]);
    expect(await signing().current()).toEqual(found[0]);
  });

  test('both keys of a rotation are there, the newer first, within five minutes', async () => {
    const keys = signing();
    const [old] = await keys.current();
    const fresh = new Uint8Array(32).fill(7);
    await put({
      ...key,
      keys: [
        { id: 'b', secret: fresh, createdAtMs: 2 },
        { id: 'a', secret: old, createdAtMs: 1 },
      ],
    });
    expect(await keys.current()).toEqual([old]);
    clock.ms += 5 * 60_000;
    expect((await keys.current()).map((secret) => Buffer.from(secret))).toEqual(
      [fresh, old ?? []].map((secret) => Buffer.from(secret)),
    );
  });

  test('known keys keep working while the table does not answer', async () => {
    const way = await startAnswerDropper(table.port, 0);
    const keys = signing(table.clientWith({ endpoint: way.endpoint, maxAttempts: 1 }));
    const before = await keys.current();
    await way.close();
    clock.ms += 5 * 60_000;
    expect(await keys.current()).toEqual(before);
  });

  test('keys that cannot be read are a Fault, and are not replaced', async () => {
    await put({ ...key, keys: [{ id: 'a', secret: new Uint8Array(5), createdAtMs: 1 }] });
    await expect(signing().current()).rejects.toMatchObject({ code: 'item_unreadable' });
  });

  test('without a table they are a Fault, and are asked for again', async () => {
    const keys = signing(table.clientWith({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 }));
    await expect(keys.current()).rejects.toMatchObject({ code: 'store_unavailable' });
    await expect(keys.current()).rejects.toMatchObject({ code: 'store_unavailable' });
  });
});

describe('API keys', () => {
  const hash = (secret: string) => createHash('sha256').update(secret).digest('hex');
  const fields = { tenant: 'acme', scopes: ['generate'], createdAtMs: 5 };

  test('a key is found by the hash of its secret, a revoked one too', async () => {
    const keys = dynamoApiKeys(table.client, table.tableName);
    await put({ pk: `KEY#${hash('s1')}`, sk: 'key', keyId: 'key_1', ...fields });
    await put({ pk: `KEY#${hash('s2')}`, sk: 'key', keyId: 'key_2', revokedAtMs: 9, ...fields });
    expect(await keys.find(hash('s1'))).toEqual({ id: 'key_1', ...fields });
    expect(await keys.find(hash('s2'))).toEqual({ id: 'key_2', revokedAtMs: 9, ...fields });
    expect(await keys.find(hash('s3'))).toBeUndefined();
  });

  test('a key without a tenant is a Fault', async () => {
    await put({ pk: 'KEY#bad', sk: 'key', keyId: 'key_3', scopes: [], createdAtMs: 5 });
    await expect(dynamoApiKeys(table.client, table.tableName).find('bad')).rejects.toMatchObject({
      code: 'item_unreadable',
    });
  });
});
