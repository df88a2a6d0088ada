import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { authorize } from '../../../lib/access/authorize.ts';
import { createKey } from '../../../lib/access/create-key.ts';
import { liftLimits } from '../../../lib/access/lift-limits.ts';
import { findTenant, listTenants } from '../../../lib/access/list-tenants.ts';
import { setLimits } from '../../../lib/access/set-limits.ts';
import { composeKeys } from '../../../lib/compose/keys.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';
import { startAnswerDropper } from '../../fixtures/faulty-server.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
const depsAt = (endpoint = table.endpoint) =>
  composeKeys({
    tableName: table.tableName,
    client: { region: 'us-east-1', endpoint, credentials },
  });

const everything = {
  requestsPerMinute: 60,
  jobsInFlight: 5,
  queuedJobs: 100,
  tokensPerDay: 1_000_000,
  models: ['gpt-5*', 'demo'],
  callbackHosts: [],
  resultTtlSeconds: 3600,
  upstreamObjects: true,
};

describe('limits', () => {
  test('come back as they were set, and others stay', async () => {
    const deps = depsAt();
    expect(await findTenant(deps, 'acme')).toBeUndefined();
    expect((await setLimits(deps, 'acme', everything)).limits).toEqual(everything);
    const changed = await setLimits(deps, 'acme', { models: ['demo'], upstreamObjects: false });
    const expected = { ...everything, models: ['demo'], upstreamObjects: false };
    expect(changed.limits).toEqual(expected);
    expect(await findTenant(deps, 'acme')).toEqual(changed);
  });

  test('set at the same time do not undo each other', async () => {
    const deps = depsAt();
    await Promise.all(
      Object.entries(everything).map(([name, value]) => setLimits(deps, 'both', { [name]: value })),
    );
    expect((await findTenant(deps, 'both'))?.limits).toEqual(everything);
  });

  test('are lifted one by one, or all', async () => {
    const deps = depsAt();
    await setLimits(deps, 'lift', { queuedJobs: 3, jobsInFlight: 2 });
    const left = await liftLimits(deps, 'lift', ['queuedJobs', 'models']);
    expect(left?.limits).toEqual({ jobsInFlight: 2 });
    expect(await liftLimits(deps, 'lift', 'all')).toBeUndefined();
    expect(await findTenant(deps, 'lift')).toBeUndefined();
  });

  test('of a tenant that has none are lifted without making it one', async () => {
    const deps = depsAt();
    expect(await liftLimits(deps, 'nobody', ['models'])).toBeUndefined();
    expect(await liftLimits(deps, 'nobody', 'all')).toBeUndefined();
    expect(await findTenant(deps, 'nobody')).toBeUndefined();
  });

  test('are refused as a whole when one is out of range', async () => {
    const deps = depsAt();
    const wrong = setLimits(deps, 'range', { queuedJobs: 5, jobsInFlight: 501 });
    await expect(wrong).rejects.toMatchObject({
      code: 'invalid_value',
      reported: { param: 'jobsInFlight' },
    });
    expect(await findTenant(deps, 'range')).toBeUndefined();
  });

  test.each(['', 'Acme', 'a#b', 'a/b', 'a'.repeat(65)])('are not for the name %j', async (name) => {
    const deps = depsAt();
    const refused = { code: 'invalid_value', reported: { param: 'tenant' } };
    await expect(setLimits(deps, name, { queuedJobs: 1 })).rejects.toMatchObject(refused);
    await expect(findTenant(deps, name)).rejects.toMatchObject(refused);
    await expect(liftLimits(deps, name, 'all')).rejects.toMatchObject(refused);
  });

  test('are set once when the answer was lost', async () => {
    const way = await startAnswerDropper(table.port, 1);
    const tenant = await setLimits(depsAt(way.endpoint), 'doubt', { queuedJobs: 7 });
    await way.close();
    expect(tenant.limits).toEqual({ queuedJobs: 7 });
  });

  test('without a table are a Fault', async () => {
    const nowhere = depsAt('http://127.0.0.1:1');
    const unavailable = { code: 'store_unavailable' };
    await expect(setLimits(nowhere, 'a', { queuedJobs: 1 })).rejects.toMatchObject(unavailable);
    await expect(liftLimits(nowhere, 'a', 'all')).rejects.toMatchObject(unavailable);
    await expect(listTenants(nowhere)).rejects.toMatchObject(unavailable);
  });
});

test('the list has who was given limits, by name, and neither keys nor jobs', async () => {
  const own = await startTable();
  const client = { region: 'us-east-1', endpoint: own.endpoint, credentials };
  const deps = composeKeys({ tableName: own.tableName, client });
  for (const name of ['zeta', 'local', 'tenants']) await setLimits(deps, name, { queuedJobs: 1 });
  await createKey(deps, { tenant: 'keyed' });
  expect((await listTenants(deps)).map(({ name }) => name)).toEqual(['local', 'tenants', 'zeta']);
  await own.close();
});

describe('the authorizer', () => {
  const grantOf = async (tenant: string) => {
    const deps = depsAt();
    const { secret } = await createKey(deps, { tenant });
    return authorize(deps, `Bearer ${secret}`, undefined);
  };

  test('tells what the tenant is limited to, as it is now', async () => {
    const deps = depsAt();
    expect(await grantOf('told')).toMatchObject({ tenant: 'told', limits: {} });
    await setLimits(deps, 'told', everything);
    expect(await grantOf('told')).toMatchObject({ limits: everything });
    await liftLimits(deps, 'told', 'all');
    expect(await grantOf('told')).toMatchObject({ limits: {} });
  });

  test('tells the limits of the local key’s tenant too', async () => {
    const deps = depsAt();
    await setLimits(deps, 'local', { queuedJobs: 2 });
    expect(await authorize(deps, 'Bearer sk-outlast-local', 'sk-outlast-local')).toEqual({
      keyId: 'local',
      tenant: 'local',
      scopes: ['generate', 'read', 'admin'],
      limits: { queuedJobs: 2 },
    });
  });

  test('lets nobody in whose limits cannot be read, and says whose they are', async () => {
    const item = { pk: 'TENANT#broken', sk: 'tenant', changedAtMs: 1, queuedJobs: 'many' };
    await table.client.send(
      new PutItemCommand({ TableName: table.tableName, Item: marshall(item) }),
    );
    await expect(grantOf('broken')).rejects.toMatchObject({
      code: 'item_unreadable',
      message: expect.stringMatching(/tenant broken .*'queuedJobs'/),
    });
    await setLimits(depsAt(), 'broken', { queuedJobs: 3 });
    expect(await grantOf('broken')).toMatchObject({ limits: { queuedJobs: 3 } });
  });
});
