import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorize } from '../../../lib/access/authorize.ts';
import { createKey } from '../../../lib/access/create-key.ts';
import { listKeys } from '../../../lib/access/list-keys.ts';
import { revokeKey } from '../../../lib/access/revoke-key.ts';
import { dynamoApiKeys } from '../../../lib/adapters/dynamo-api-keys.ts';
import { dynamoTenants } from '../../../lib/adapters/dynamo-tenants.ts';
import { systemIds } from '../../../lib/adapters/system-ids.ts';
import { after, epochMs } from '../../../lib/job/time.ts';
import { hashApiKey } from '../../../lib/wire/api-key.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';
import { startAnswerDropper } from '../../fixtures/faulty-server.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

/** Each look at it is a second later. */
const tickingClock = () => {
  let now = epochMs(1_795_000_000_000);
  return {
    nowMs: () => {
      now = after(now, 1000);
      return now;
    },
    sleep: () => Promise.resolve(),
  };
};

const depsOn = (client = table.client) => ({
  apiKeys: dynamoApiKeys(client, table.tableName),
  tenants: dynamoTenants(client, table.tableName),
  clock: tickingClock(),
  ids: systemIds(),
});

const bearer = (secret: string) => `Bearer ${secret}`;

describe('a key', () => {
  test('that was created opens its tenant, with the scopes it was given', async () => {
    const deps = depsOn();
    const { key, secret } = await createKey(deps, { tenant: 'opens', scopes: ['read'] });
    expect(await authorize(deps, bearer(secret), undefined)).toEqual({
      keyId: key.id,
      tenant: 'opens',
      scopes: ['read'],
      limits: {},
    });
  });

  test('without scopes of its own may generate and read', async () => {
    const { key } = await createKey(depsOn(), { tenant: 'plain' });
    expect(key.scopes).toEqual(['generate', 'read']);
  });

  test('is not in the table by its secret', async () => {
    const { secret } = await createKey(depsOn(), { tenant: 'hidden' });
    const { Items: items } = await table.client.send(
      new ScanCommand({ TableName: table.tableName }),
    );
    const stored = JSON.stringify(items);
    expect(stored).toContain(hashApiKey(secret));
    expect(stored).not.toContain(secret);
    expect(stored).not.toContain(secret.slice('sk-outlast-'.length));
  });

  test('that was revoked opens nothing, and stays revoked at the first time', async () => {
    const deps = depsOn();
    const { key, secret } = await createKey(deps, { tenant: 'ended' });
    const first = await revokeKey(deps, 'ended', key.id);
    expect(first?.revokedAtMs).toBeGreaterThan(key.createdAtMs);
    expect(await authorize(deps, bearer(secret), undefined)).toBeUndefined();
    expect(await revokeKey(deps, 'ended', key.id)).toEqual(first);
  });

  test('that has expired opens nothing, and stays in the list', async () => {
    const deps = depsOn();
    // The clock goes on by a second with each look at it: creation, then each authorization.
    const { key, secret } = await createKey(deps, { tenant: 'brief', expires: '2s' });
    expect(key.expiresAtMs).toBe(key.createdAtMs + 2_000);
    expect(await authorize(deps, bearer(secret), undefined)).toMatchObject({ keyId: key.id });
    expect(await authorize(deps, bearer(secret), undefined)).toBeUndefined();
    expect(await listKeys(deps, 'brief')).toEqual([key]);
  });

  test('cannot be revoked in another tenant’s name', async () => {
    const deps = depsOn();
    const { key, secret } = await createKey(deps, { tenant: 'mine' });
    expect(await revokeKey(deps, 'theirs', key.id)).toBeUndefined();
    expect(await authorize(deps, bearer(secret), undefined)).toMatchObject({ tenant: 'mine' });
  });

  test('revoked by several at once has one time of revocation', async () => {
    const deps = depsOn();
    const { key } = await createKey(deps, { tenant: 'race' });
    const ended = await Promise.all(
      Array.from({ length: 5 }, () => revokeKey(deps, 'race', key.id)),
    );
    expect(new Set(ended.map((found) => found?.revokedAtMs)).size).toBe(1);
  });

  test('is there once when the answer to its creation was lost', async () => {
    const way = await startAnswerDropper(table.port, 1);
    const deps = depsOn(table.clientWith({ endpoint: way.endpoint }));
    const { key, secret } = await createKey(deps, { tenant: 'doubt' });
    await way.close();
    expect(await listKeys(depsOn(), 'doubt')).toEqual([key]);
    expect(await authorize(depsOn(), bearer(secret), undefined)).toMatchObject({ keyId: key.id });
  });
});

describe('a list', () => {
  test('has the tenant’s keys alone, oldest first, revoked ones too', async () => {
    const deps = depsOn();
    const created = [];
    for (const tenant of ['list', 'list-2', 'list', 'list']) {
      created.push((await createKey(deps, { tenant })).key);
    }
    const [first, , third, fourth] = created;
    const revoked = await revokeKey(deps, 'list', String(third?.id));
    expect(await listKeys(deps, 'list')).toEqual([first, revoked, fourth]);
  });

  test('of a tenant without keys is empty, and a job of that name is none', async () => {
    const job = { pk: 'gen_1', sk: 'job', listTenant: 'jobs-only' };
    await table.client.send(
      new PutItemCommand({ TableName: table.tableName, Item: marshall(job) }),
    );
    expect(await listKeys(depsOn(), 'jobs-only')).toEqual([]);
  });
});

describe('creation refuses', () => {
  const names = ['', 'local', 'Acme', '-acme', 'a b', 'a/b', 'a#b', 'ä', 'a\n', 'a'.repeat(65)];
  test.each(names)('the tenant %j', async (tenant) => {
    await expect(createKey(depsOn(), { tenant })).rejects.toMatchObject({
      code: 'invalid_value',
      reported: { param: 'tenant' },
    });
  });

  test('a scope there is not', async () => {
    await expect(createKey(depsOn(), { tenant: 'a', scopes: ['root'] })).rejects.toMatchObject({
      code: 'invalid_value',
      reported: { param: 'scopes' },
    });
  });

  test('without a table, as a Fault', async () => {
    const nowhere = table.clientWith({ endpoint: 'http://127.0.0.1:1', maxAttempts: 1 });
    await expect(createKey(depsOn(nowhere), { tenant: 'a' })).rejects.toMatchObject({
      code: 'store_unavailable',
    });
  });
});
