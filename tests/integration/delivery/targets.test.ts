import { describe, expect, it } from 'vitest';
import { watchEndpoints } from '../../../lib/delivery/has-endpoints.ts';
import { redeliver } from '../../../lib/delivery/redeliver.ts';
import { hasEndpointsFreshMs, hasNoEndpointsFreshMs } from '../../../lib/limits.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { type DeliveryDeps, deliveryScene, endedJob, endpointOf, tell } from './harness.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const scene = deliveryScene();
const { job, toldJob, only } = scene;

describe('an endpoint', () => {
  const notified = async () => {
    const ended = await endedJob(scene.deps, { tenant: scene.tenant, notify: true });
    await tell(scene.deps, ended.id);
    return ended;
  };

  it('that answers 410 is told nothing more', async () => {
    const { id } = await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/gone'));
    const [one, two] = [await notified(), await notified()];
    await tell(scene.deps, one.id, id);
    expect(await scene.deps.endpoints.find(scene.tenant, id)).toMatchObject({ disabled: 'gone' });
    await tell(scene.deps, two.id, id);
    expect(scene.receiver.at('/gone')).toHaveLength(1);
    expect(await only(two.id)).toMatchObject({ state: 'failed', why: 'endpoint_disabled' });
    const three = await notified();
    expect(await scene.deps.deliveries.ofJob(three.id)).toEqual([]);
  });

  it('is disabled after five days without a success, whichever deliveries they were', async () => {
    const { id } = await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/down'));
    await tell(scene.deps, (await notified()).id, id);
    expect(await scene.deps.endpoints.find(scene.tenant, id)).toMatchObject({
      failingSinceMs: expect.anything(),
    });
    scene.clock.leap(5 * 24 * hourMs);
    await tell(scene.deps, (await notified()).id, id);
    expect(await scene.deps.endpoints.find(scene.tenant, id)).toMatchObject({
      disabled: 'failing',
    });
  });

  it('that is deleted ends what was pending for it', async () => {
    const { id } = await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/hook'));
    const ended = await notified();
    await scene.deps.endpoints.remove(scene.tenant, id);
    await tell(scene.deps, ended.id, id);
    expect(scene.receiver.at('/hook')).toEqual([]);
    expect(await only(ended.id)).toMatchObject({ why: 'endpoint_deleted' });
  });

  it('is not called where the tenant’s callbacks may no longer go', async () => {
    const { id } = await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/hook'));
    const ended = await notified();
    const change = { set: { callbackHosts: ['*.example.com'] }, lift: [] };
    await scene.deps.tenants.change(scene.tenant, change, scene.clock.nowMs());
    await tell(scene.deps, ended.id, id);
    expect(scene.receiver.at('/hook')).toEqual([]);
    expect(await only(ended.id)).toMatchObject({ why: 'host_not_allowed' });
  });
});

describe('telling it again', () => {
  it('has another webhook-id, and ends what is pending of the time before', async () => {
    const ended = await toldJob('/down');
    await tell(scene.deps, ended.id, 'own');
    await redeliver(scene.deps, await stored(scene.deps, ended.id));
    await tell(scene.deps, ended.id, undefined, 2);
    scene.clock.leap(minuteMs);
    await tell(scene.deps, ended.id, 'own', 1);
    await tell(scene.deps, ended.id, 'own', 2);
    const [first, second] = await scene.deps.deliveries.ofJob(ended.id);
    expect(first).toMatchObject({ deliveryNo: 1, state: 'failed', why: 'superseded' });
    expect(second).toMatchObject({ deliveryNo: 2, state: 'pending', attempts: 1 });
    const ids = scene.receiver.at('/down').map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBe(2);
  });

  it('is refused when there is nobody to tell, or nothing left to tell of', async () => {
    const silent = await endedJob(scene.deps, { tenant: scene.tenant });
    await expect(redeliver(scene.deps, silent)).rejects.toThrow(/nobody/);
    const ended = await job();
    scene.clock.leap(26 * hourMs);
    await expect(redeliver(scene.deps, ended)).rejects.toMatchObject({ code: 'result_expired' });
  });
});

it('a tenant’s deliveries are listed by state, those of its newest jobs first', async () => {
  const [one, two, three] = [await toldJob(), await toldJob('/down'), await toldJob()];
  for (const { id } of [one, two, three]) await tell(scene.deps, id, 'own');
  const list = (state: 'pending' | 'delivered', limit: number, after?: string) =>
    scene.deps.deliveries.list({
      tenant: scene.tenant,
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
    ...scene.deps.endpoints,
    list: (name) => {
      reads += 1;
      return scene.deps.endpoints.list(name);
    },
  };
  const has = watchEndpoints({ ...scene.deps, endpoints: counting });
  expect(await has(scene.tenant)).toBe(false);
  await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/hook'));
  scene.clock.leap(hasNoEndpointsFreshMs);
  expect([await has(scene.tenant), await has(scene.tenant), reads]).toEqual([true, true, 2]);
  scene.clock.leap(hasEndpointsFreshMs);
  expect([await has(scene.tenant), reads]).toEqual([true, 3]);
  const failing = { ...scene.deps.endpoints, list: () => Promise.reject(new Error('no store')) };
  expect(await watchEndpoints({ ...scene.deps, endpoints: failing })(scene.tenant)).toBe(true);
});
