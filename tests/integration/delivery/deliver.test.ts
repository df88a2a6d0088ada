import { describe, expect, it } from 'vitest';
import { sweepDeliveries } from '../../../lib/delivery/sweep-deliveries.ts';
import { Fault } from '../../../lib/errors.ts';
import { erase } from '../../../lib/generation/erase.ts';
import { unending } from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { type DeliveryDeps, deliveryDeps, deliveryScene, endpointOf, tell } from './harness.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const scene = deliveryScene();
const { job, toldJob, only } = scene;

describe('the end of a job', () => {
  it('is owed from the write on that ends it, and told to each target that wants it', async () => {
    const all = await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/all'));
    await endpointOf(scene.deps, scene.tenant, scene.receiver.url('/failures'), [
      'response.failed',
    ]);
    const ended = await job('/own', { notify: true });
    expect(await stored(scene.deps, ended.id)).toMatchObject({ owed: true, deliveryNo: 1 });
    await tell(scene.deps, ended.id);
    const targets = (await scene.deps.deliveries.ofJob(ended.id)).map(({ target }) => target);
    expect(targets.toSorted()).toEqual([all.id, 'own'].toSorted());
    const rested = await stored(scene.deps, ended.id);
    expect(rested).not.toHaveProperty('owed');
    expect(rested.dueAtMs).toBeUndefined();
    for (const target of targets) await tell(scene.deps, ended.id, target);
    expect([
      scene.receiver.at('/own'),
      scene.receiver.at('/all'),
      scene.receiver.at('/failures'),
    ]).toMatchObject([
      [{ event: { type: 'response.completed' } }],
      [{ event: { type: 'response.completed' } }],
      [],
    ]);
  });

  it('is not told to anybody twice by a second message', async () => {
    const ended = await toldJob();
    await tell(scene.deps, ended.id);
    await Promise.all([tell(scene.deps, ended.id, 'own'), tell(scene.deps, ended.id, 'own')]);
    await tell(scene.deps, ended.id, 'own');
    expect(scene.receiver.at('/hook')).toHaveLength(1);
    expect(await only(ended.id)).toMatchObject({ state: 'delivered', attempts: 1 });
  });

  it('is not told before it ended, nor of a job that was deleted', async () => {
    const ended = await job();
    await erase(scene.deps, ended);
    await tell(scene.deps, ended.id);
    expect(await scene.deps.deliveries.ofJob(ended.id)).toEqual([]);
    const buried = await stored(scene.deps, ended.id);
    expect(buried).not.toHaveProperty('owed');
    expect(buried).not.toHaveProperty('callback');
  });

  it('takes its deliveries along when it is deleted', async () => {
    const ended = await toldJob('/down');
    await tell(scene.deps, ended.id, 'own');
    await erase(scene.deps, await stored(scene.deps, ended.id));
    expect(await scene.deps.deliveries.ofJob(ended.id)).toEqual([]);
    expect(await tell(scene.deps, ended.id, 'own')).toEqual({ kind: 'acknowledge' });
  });

  it('is told of what is not stored as well', async () => {
    const ended = await toldJob('/hook', { unstored: true });
    await tell(scene.deps, ended.id, 'own');
    expect(scene.receiver.at('/hook')).toHaveLength(1);
    expect((await stored(scene.deps, ended.id)).dueAtMs).toBeGreaterThan(scene.clock.nowMs());
  });
});

describe('a delivery that fails', () => {
  it('is tried on schedule, under the same webhook-id, until it is answered', async () => {
    const ended = await toldJob('/down-twice');
    await tell(scene.deps, ended.id, 'own');
    expect(await tell(scene.deps, ended.id, 'own')).toMatchObject({ kind: 'redeliver' });
    scene.clock.leap(7_000);
    await tell(scene.deps, ended.id, 'own');
    const twice = await only(ended.id);
    expect(twice.nextAtMs - scene.clock.nowMs()).toBeGreaterThan(3 * minuteMs);
    scene.clock.leap(7 * minuteMs);
    await tell(scene.deps, ended.id, 'own');
    expect(
      new Set(scene.receiver.at('/down-twice').map(({ headers }) => headers['webhook-id'])).size,
    ).toBe(1);
    const { state, log } = await only(ended.id);
    expect([state, log.map(({ status }) => status)]).toEqual(['delivered', [500, 503, 204]]);
  });

  it('counts as one when it is sent elsewhere, and is not followed', async () => {
    const ended = await toldJob('/moved');
    await tell(scene.deps, ended.id, 'own');
    expect(await only(ended.id)).toMatchObject({ state: 'pending', log: [{ status: 302 }] });
  });

  it('waits on the due index for more than a message can', async () => {
    const ended = await toldJob('/down');
    for (const pauseMs of [7_000, 7 * minuteMs, 0]) {
      await tell(scene.deps, ended.id, 'own');
      scene.clock.leap(pauseMs);
    }
    const waiting = await only(ended.id);
    expect(waiting.dueAtMs).toBe(waiting.nextAtMs);
    expect(waiting.nextAtMs - scene.clock.nowMs()).toBeGreaterThan(20 * minuteMs);
    scene.clock.leap(40 * minuteMs);
    expect((await sweepDeliveries(scene.deps, unending())).sent).toBeGreaterThan(0);
    await tell(scene.deps, ended.id, 'own');
    expect(scene.receiver.at('/down')).toHaveLength(4);
  });

  it('is given up when the result expires', async () => {
    const ended = await toldJob('/down', { deadlineMs: hourMs, resultTtlMs: hourMs });
    scene.clock.leap(2 * hourMs + minuteMs);
    await tell(scene.deps, ended.id, 'own');
    expect(scene.receiver.at('/down')).toEqual([]);
    // Its record goes with the result, an hour later.
    expect(await only(ended.id)).toMatchObject({ state: 'failed', why: 'result_expired' });
  });

  it('is not held against its receiver when the function ends', async () => {
    const ended = await toldJob('/hangs');
    const ending = new AbortController();
    const telling = tell(scene.deps, ended.id, 'own', 1, { signal: ending.signal });
    await scene.receiver.until('/hangs', 1);
    ending.abort();
    await telling;
    expect(await only(ended.id)).toMatchObject({ state: 'pending', attempts: 0, log: [] });
  });

  it('is claimed while an attempt lasts, and due again when nothing is heard of it', async () => {
    const ended = await toldJob();
    const dying = deliveryDeps(scene.engine, scene.clock, () => ({
      callbacks: { post: () => Promise.reject(new Error('killed')) },
    }));
    await expect(tell(dying, ended.id, 'own')).rejects.toThrow('killed');
    expect(await tell(scene.deps, ended.id, 'own')).toMatchObject({ kind: 'redeliver' });
    expect(scene.receiver.at('/hook')).toEqual([]);
    scene.clock.leap(minuteMs);
    expect((await sweepDeliveries(scene.deps, unending())).sent).toBeGreaterThan(0);
    await tell(scene.deps, ended.id, 'own');
    expect(scene.receiver.at('/hook')).toHaveLength(1);
  });
});

describe('a write that is not answered', () => {
  const silent = (after: 'landed' | 'lost') => (real: DeliveryDeps) => {
    let isFirst = true;
    const save: DeliveryDeps['deliveries']['save'] = async (next) => {
      if (!isFirst) return real.deliveries.save(next);
      isFirst = false;
      if (after === 'landed') await real.deliveries.save(next);
      throw new Fault('store_unavailable', 'No answer.', { retry: { kind: 'later', afterMs: 0 } });
    };
    return { deliveries: { ...real.deliveries, save } };
  };

  it.each(['landed', 'lost'] as const)('of a claim that %s leads to one call', async (after) => {
    const ended = await toldJob();
    const doubting = deliveryDeps(scene.engine, scene.clock, silent(after));
    await expect(tell(doubting, ended.id, 'own')).rejects.toThrow(Fault);
    scene.clock.leap(minuteMs);
    await tell(doubting, ended.id, 'own');
    expect(scene.receiver.at('/hook')).toHaveLength(1);
    expect(await only(ended.id)).toMatchObject({ state: 'delivered' });
  });

  it('that comes back as refused is known to have landed', async () => {
    const ended = await toldJob();
    const echoing = deliveryDeps(scene.engine, scene.clock, (real) => ({
      deliveries: {
        ...real.deliveries,
        save: async (next) => {
          await real.deliveries.save(next);
          return 'refused' as const;
        },
      },
    }));
    await tell(echoing, ended.id, 'own');
    expect(scene.receiver.at('/hook')).toHaveLength(1);
    expect(await only(ended.id)).toMatchObject({ state: 'delivered', attempts: 1 });
  });
});
