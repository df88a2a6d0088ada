import { createHash } from 'node:crypto';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { dynamoApiKeys } from '../../lib/adapters/dynamo-api-keys.ts';
import { dynamoSigningKeys } from '../../lib/adapters/dynamo-signing-keys.ts';
import { dynamoSigningRotation } from '../../lib/adapters/dynamo-signing-rotation.ts';
import { epochMs } from '../../lib/job/time.ts';
import type { SigningKeys } from '../../lib/ports/keys.ts';
import { checkResultUrl, resultUrl } from '../../lib/wire/result-url.ts';
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

  describe('a rotation', () => {
    const rotation = (client = table.client) =>
      dynamoSigningRotation(client, table.tableName, clock);
    const nextYear = epochMs(31_536_000_000);
    const minuteMs = 60_000;
    const urlBy = async (keys: SigningKeys) => {
      const [key] = await keys.current();
      return new URL(resultUrl('https://a.test', 'gen_1', nextYear, key ?? new Uint8Array()));
    };
    const check = async (url: URL, keys: SigningKeys) =>
      checkResultUrl(
        'gen_1',
        Object.fromEntries(url.searchParams),
        await keys.current(),
        clock.nowMs(),
      );

    test('leaves no moment at which one function refuses what another signed', async () => {
      const early = signing();
      const old = await urlBy(early);
      clock.ms += 3 * minuteMs;
      const late = signing();
      await late.current();
      await rotation().rotate();
      const signers = new Set<string>();
      for (let minute = 0; minute < 15; minute += 1) {
        for (const signer of [early, late]) {
          const url = await urlBy(signer);
          signers.add(url.search);
          for (const reader of [early, late, signing()]) {
            expect(await check(url, reader)).toBe('valid');
            expect(await check(old, reader)).toBe('valid');
          }
        }
        clock.ms += minuteMs;
      }
      // The old key signed, and then the new one.
      expect(signers.size).toBe(2);
      expect((await urlBy(late)).search).not.toBe(old.search);
    });

    test('keeps two keys: the next one drops the oldest', async () => {
      const first = await urlBy(signing());
      clock.ms += 20 * minuteMs;
      const { signsFromMs, keptFromMs, droppedFromMs } = await rotation().rotate();
      expect(signsFromMs).toBe(clock.ms + 10 * minuteMs);
      expect(keptFromMs).toBeLessThan(clock.ms);
      expect(droppedFromMs).toBeUndefined();
      clock.ms += 20 * minuteMs;
      const second = await urlBy(signing());
      expect(await rotation().rotate()).toMatchObject({ droppedFromMs: keptFromMs });
      expect(await signing().current()).toHaveLength(2);
      expect(await check(first, signing())).toBe('invalid');
      expect(await check(second, signing())).toBe('valid');
    });

    test('of several at once changes the keys once for each that says so', async () => {
      const before = await signing().current();
      const outcomes = await Promise.allSettled(
        Array.from({ length: 5 }, () => rotation().rotate()),
      );
      const refused = outcomes.filter(({ status }) => status === 'rejected');
      expect(refused.length).toBeLessThan(5);
      for (const outcome of refused)
        expect(outcome).toMatchObject({ reason: { code: 'store_unavailable' } });
      const now = await signing().current();
      expect(now).toHaveLength(2);
      if (refused.length === 4) expect(now).toContainEqual(before[0]);
    });

    test('whose answer was lost is made once', async () => {
      const [before] = await signing().current();
      const way = await startAnswerDropper(table.port, 1);
      await rotation(table.clientWith({ endpoint: way.endpoint })).rotate();
      await way.close();
      const now = await signing().current();
      expect(now).toHaveLength(2);
      expect(now).toContainEqual(before);
    });

    test('before any key makes the first, which signs at once', async () => {
      expect(await rotation().rotate()).toEqual({ signsFromMs: clock.ms });
      const keys = signing();
      expect(await keys.current()).toHaveLength(1);
      expect(await check(await urlBy(keys), signing())).toBe('valid');
    });
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
