import { expect, it } from 'vitest';
import { newPatience, type Patience } from '../../../lib/delivery/patience.ts';
import { sweepDeliveries } from '../../../lib/delivery/sweep-deliveries.ts';
import { heldUpMs, laneAskedMs } from '../../../lib/limits.ts';
import { unending } from '../../fixtures/engine.ts';
import { type DeliveryDeps, deliveryDeps, deliveryScene, newTenant, tell } from './harness.ts';

const scene = deliveryScene();

/** Calls that hang until they are let go, and how many are under way. */
const hangingCalls = () => {
  const released = Promise.withResolvers<void>();
  const calls: string[] = [];
  const callbacks: DeliveryDeps['callbacks'] = {
    post: async (url, _headers, _body, signal) => {
      calls.push(url);
      const stopped = new Promise<'stopped'>((resolve) => {
        signal.addEventListener('abort', () => resolve('stopped'), { once: true });
      });
      const end = url.includes('/hangs/') ? Promise.race([released.promise, stopped]) : undefined;
      if ((await end) === 'stopped') {
        return { kind: 'failed', why: 'stopped', code: undefined, tookMs: 1 };
      }
      return { kind: 'answered', status: 200, retryAfterMs: undefined, firstBytes: '', tookMs: 1 };
    },
  };
  const at = (part: string): number => calls.filter((url) => url.includes(part)).length;
  return { callbacks, at, release: () => released.resolve() };
};

const quickly = { receiveCount: 1 };
const often = { receiveCount: 3 };

it('receivers that hang, each job’s another, keep one sandbox waiting and no other tenant', async () => {
  const { callbacks, at, release } = hangingCalls();
  const deps = deliveryDeps(scene.engine, scene.clock, () => ({ callbacks }));
  const sandboxes = [newPatience(deps, 1), newPatience(deps, 1), newPatience(deps, 1)];
  const [first, second, third] = sandboxes;
  const jobs = await Promise.all(
    Array.from({ length: 7 }, (_, index) => scene.toldJob(`/hangs/${index}`)),
  );
  const begin = (index: number, patience: Patience | undefined, given = quickly) =>
    tell(deps, jobs[index]?.id ?? '', 'own', 1, { ...given, ...(patience && { patience }) });

  const hanging = [begin(0, first)];
  await expect.poll(() => at('/hangs/')).toBe(1);
  scene.clock.leap(heldUpMs);
  await expect.poll(() => deps.slowLanes.isSlow(scene.tenant, scene.clock.nowMs())).toBe(true);
  // From here on one sandbox tries them, as many as it is handed.
  hanging.push(begin(1, second), begin(2, second));
  await expect.poll(() => at('/hangs/')).toBe(3);
  // The first one, which began before that was known, is no longer waited for.
  scene.clock.leap(laneAskedMs - heldUpMs);
  await hanging[0];
  expect(await scene.only(jobs[0]?.id ?? '')).toMatchObject({ state: 'pending', log: [] });
  expect(await begin(3, third)).toMatchObject({ kind: 'redeliver' });
  expect(await begin(4, third, often)).toEqual({ kind: 'acknowledge' });
  expect(await begin(5, third, often)).toEqual({ kind: 'acknowledge' });
  expect(at('/hangs/')).toBe(3);

  const other = await scene.job('/well', { tenant: newTenant() });
  await tell(deps, other.id, undefined, 1, quickly);
  await tell(deps, other.id, 'own', 1, { ...quickly, ...(third && { patience: third }) });
  expect(at('/well')).toBe(1);

  // What found no place costs nothing until it is due, and is sent for then.
  const waiting = await scene.only(jobs[4]?.id ?? '');
  expect(waiting).toMatchObject({ state: 'pending', attempts: 0, dueAtMs: waiting.nextAtMs });
  expect(waiting.nextAtMs).toBeGreaterThan(scene.clock.nowMs());
  release();
  await Promise.all(hanging);
  scene.clock.leap(60_000);
  expect((await sweepDeliveries(deps, unending())).sent).toBeGreaterThanOrEqual(2);
  await begin(4, third);
  expect(await scene.only(jobs[4]?.id ?? '')).toMatchObject({ state: 'delivered', attempts: 1 });
});
