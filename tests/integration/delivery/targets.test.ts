import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { watchEndpoints } from '../../../lib/delivery/has-endpoints.ts';
import { redeliver } from '../../../lib/delivery/redeliver.ts';
import { hasEndpointsFreshMs, hasNoEndpointsFreshMs } from '../../../lib/limits.ts';
import { type CallbackReceiver, startCallbackReceiver } from '../../fixtures/callbacks.ts';
import { type Engine, startEngine } from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';
import {
  type DeliveryDeps,
  deliveryDeps,
  endedJob,
  endpointOf,
  newTenant,
  tell,
} from './harness.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

let engine: Engine;
let receiver: CallbackReceiver;
let clock: TestClock;
let deps: DeliveryDeps;
let tenant: string;

beforeAll(async () => {
  engine = await startEngine();
});
beforeEach(async () => {
  receiver = await startCallbackReceiver({
    '/down-twice': [500, 503, 204],
    '/down': [500],
    '/gone': [410],
    '/moved': [302],
    '/hangs': [0],
  });
  clock = testClock();
  deps = deliveryDeps(engine, clock);
  tenant = newTenant();
});
afterEach(() => receiver.close());
afterAll(() => engine.close());

const job = (path = '/hook', more: Parameters<typeof endedJob>[1] = {}) =>
  endedJob(deps, { tenant, callback: { url: receiver.url(path) }, ...more });

/** A job whose own callback has been put on record. */
const toldJob = async (path?: string, more: Parameters<typeof endedJob>[1] = {}) => {
  const ended = await job(path, more);
  await tell(deps, ended.id);
  return ended;
};

const only = async (jobId: string) => {
  const [delivery, ...others] = await deps.deliveries.ofJob(jobId);
  expect(others).toEqual([]);
  if (delivery === undefined) throw new Error('no delivery');
  return delivery;
};

describe('an endpoint', () => {
  const notified = async () => {
    const ended = await endedJob(deps, { tenant, notify: true });
    await tell(deps, ended.id);
    return ended;
  };

  it('that answers 410 is told nothing more', async () => {
    const { id } = await endpointOf(deps, tenant, receiver.url('/gone'));
    const [one, two] = [await notified(), await notified()];
    await tell(deps, one.id, id);
    expect(await deps.endpoints.find(tenant, id)).toMatchObject({ disabled: 'gone' });
    await tell(deps, two.id, id);
    expect(receiver.at('/gone')).toHaveLength(1);
    expect(await only(two.id)).toMatchObject({ state: 'failed', why: 'endpoint_disabled' });
    const three = await notified();
    expect(await deps.deliveries.ofJob(three.id)).toEqual([]);
  });

  it('is disabled after five days without a success, whichever deliveries they were', async () => {
    const { id } = await endpointOf(deps, tenant, receiver.url('/down'));
    await tell(deps, (await notified()).id, id);
    expect(await deps.endpoints.find(tenant, id)).toMatchObject({
      failingSinceMs: expect.anything(),
    });
    clock.leap(5 * 24 * hourMs);
    await tell(deps, (await notified()).id, id);
    expect(await deps.endpoints.find(tenant, id)).toMatchObject({ disabled: 'failing' });
  });

  it('that is deleted ends what was pending for it', async () => {
    const { id } = await endpointOf(deps, tenant, receiver.url('/hook'));
    const ended = await notified();
    await deps.endpoints.remove(tenant, id);
    await tell(deps, ended.id, id);
    expect(receiver.at('/hook')).toEqual([]);
    expect(await only(ended.id)).toMatchObject({ why: 'endpoint_deleted' });
  });

  it('is not called where the tenant’s callbacks may no longer go', async () => {
    const { id } = await endpointOf(deps, tenant, receiver.url('/hook'));
    const ended = await notified();
    const change = { set: { callbackHosts: ['*.example.com'] }, lift: [] };
    await deps.tenants.change(tenant, change, clock.nowMs());
    await tell(deps, ended.id, id);
    expect(receiver.at('/hook')).toEqual([]);
    expect(await only(ended.id)).toMatchObject({ why: 'host_not_allowed' });
  });
});

describe('telling it again', () => {
  it('has another webhook-id, and ends what is pending of the time before', async () => {
    const ended = await toldJob('/down');
    await tell(deps, ended.id, 'own');
    await redeliver(deps, await stored(deps, ended.id));
    await tell(deps, ended.id, undefined, 2);
    clock.leap(minuteMs);
    await tell(deps, ended.id, 'own', 1);
    await tell(deps, ended.id, 'own', 2);
    const [first, second] = await deps.deliveries.ofJob(ended.id);
    expect(first).toMatchObject({ deliveryNo: 1, state: 'failed', why: 'superseded' });
    expect(second).toMatchObject({ deliveryNo: 2, state: 'pending', attempts: 1 });
    const ids = receiver.at('/down').map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(2);
  });

  it('is refused when there is nobody to tell, or nothing left to tell of', async () => {
    const silent = await endedJob(deps, { tenant });
    await expect(redeliver(deps, silent)).rejects.toThrow(/nobody/);
    const ended = await job();
    clock.leap(26 * hourMs);
    await expect(redeliver(deps, ended)).rejects.toMatchObject({ code: 'result_expired' });
  });
});

it('a tenant’s deliveries are listed by state, those of its newest jobs first', async () => {
  const [one, two, three] = [await toldJob(), await toldJob('/down'), await toldJob()];
  for (const { id } of [one, two, three]) await tell(deps, id, 'own');
  const list = (state: 'pending' | 'delivered', limit: number, after?: string) =>
    deps.deliveries.list({
      tenant,
      state,
      limit,
      after: after === undefined ? undefined : { jobId: after, deliveryNo: 1, target: 'own' },
    });
  const idsOf = async (...asked: Parameters<typeof list>) =>
    (await list(...asked)).map(({ jobId }) => jobId);
  expect(await idsOf('pending', 10)).toEqual([two.id]);
  expect(await idsOf('delivered', 10)).toEqual([three.id, one.id]);
  expect(await idsOf('delivered', 1)).toEqual([three.id]);
  expect(await idsOf('delivered', 1, three.id)).toEqual([one.id]);
  expect(await idsOf('delivered', 10, one.id)).toEqual([]);
});

it('that a tenant has endpoints is known within seconds, and asked for once a minute', async () => {
  let reads = 0;
  const counting: DeliveryDeps['endpoints'] = {
    ...deps.endpoints,
    list: (name) => {
      reads += 1;
      return deps.endpoints.list(name);
    },
  };
  const has = watchEndpoints({ ...deps, endpoints: counting });
  expect(await has(tenant)).toBe(false);
  await endpointOf(deps, tenant, receiver.url('/hook'));
  clock.leap(hasNoEndpointsFreshMs);
  expect([await has(tenant), await has(tenant), reads]).toEqual([true, true, 2]);
  clock.leap(hasEndpointsFreshMs);
  expect([await has(tenant), reads]).toEqual([true, 3]);
  const failing = { ...deps.endpoints, list: () => Promise.reject(new Error('no store')) };
  expect(await watchEndpoints({ ...deps, endpoints: failing })(tenant)).toBe(true);
});
