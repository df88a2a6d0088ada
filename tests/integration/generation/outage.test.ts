import { afterEach, beforeEach, expect, test } from 'vitest';
import { acceptSubmission } from '../../../lib/generation/accept-submission.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import {
  circuitRowMs,
  retryCapacity,
  retryEarned,
  retryRefillPerSecond,
} from '../../../lib/limits.ts';
import type { JobMessage } from '../../../lib/ports/queues.ts';
import { type Engine, only, startEngine, submission, unending } from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { switched } from '../../fixtures/outage.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeEach(async () => {
  engine = await startEngine();
});
afterEach(() => engine.close());

const jobCount = 200;
const stepMs = 20_000;

/** Four sandboxes that share one upstream's health, and the queue before them. */
const place = () => {
  // It hardly moves between the leaps, so that no job uses up its attempts before anybody knows.
  const clock = testClock(0.25);
  const upstream = switched(engine.server('chat'));
  const waiting: { readonly message: JobMessage; readonly visibleAtMs: number }[] = [];
  const put = (message: JobMessage, delayMs: number): void => {
    waiting.push({ message, visibleAtMs: clock.nowMs() + delayMs });
  };
  const sandboxes = Array.from({ length: 4 }, () =>
    engine.deps(clock, ({ log }) => ({
      upstreams: only(upstream.server),
      health: engine.health(clock, log, 'shared'),
      queue: { send: async (message, _, delayMs) => put(message, delayMs) },
    })),
  );
  const [first] = sandboxes;
  if (first === undefined) throw new Error('There is no sandbox.');

  /** Hands out what is visible, to one sandbox after the other, eight at once. */
  const workOff = async (): Promise<void> => {
    for (;;) {
      const visible = waiting.filter(({ visibleAtMs }) => visibleAtMs <= clock.nowMs()).slice(0, 8);
      if (visible.length === 0) return;
      for (const taken of visible) waiting.splice(waiting.indexOf(taken), 1);
      await Promise.all(
        visible.map(async ({ message }, index) => {
          const fate = await work(sandboxes[index % 4] ?? first, message, unending());
          if (fate.kind === 'redeliver') put(message, fate.afterMs);
        }),
      );
    }
  };

  let sinceSweepMs = 0;
  const step = async (): Promise<void> => {
    clock.leap(stepMs);
    sinceSweepMs += stepMs;
    if (sinceSweepMs >= 60_000) {
      sinceSweepMs = 0;
      await sweep(first, unending());
    }
    await workOff();
  };
  return { clock, upstream, sandboxes, first, step, workOff };
};

test('an outage is not multiplied by retries, and every job is finished after it', {
  timeout: 180_000,
}, async () => {
  const { clock, upstream, sandboxes, first, step, workOff } = place();
  const ids: string[] = [];
  const startedAtMs = clock.nowMs();
  for (let index = 0; index < jobCount; index += 1) {
    const asked = submission({ respondAsync: true, waitMs: 0, deadlineMs: 24 * 3_600_000 });
    const { job } = await acceptSubmission(first, asked);
    ids.push(job.id);
    if (index % 20 === 19) {
      await workOff();
      clock.leap(circuitRowMs / 2);
    }
  }
  for (let steps = 0; steps < 9; steps += 1) await step();

  const during: Job[] = [];
  for (const id of ids) during.push(await stored(first, id));
  const called = during.filter(({ attempt }) => attempt > 0).length;
  const retries = upstream.calls() - called;
  const seconds = (clock.nowMs() - startedAtMs) / 1000;
  expect(retries).toBeLessThanOrEqual(
    retryEarned * called + retryCapacity + retryRefillPerSecond * seconds,
  );
  expect(sandboxes.flatMap(({ logged }) => logged)).toContain('circuit.opened');
  expect(during.filter(isEnded)).toEqual([]);
  // Nobody loses an attempt by waiting.
  for (const job of during) expect(job.strikes).toBe(job.attempt);

  upstream.become('up');
  const left = new Set(ids);
  for (let steps = 0; left.size > 0 && steps < 150; steps += 1) {
    await step();
    if (steps % 3 !== 2) continue;
    for (const id of left) if (isEnded(await stored(first, id))) left.delete(id);
  }
  const after: Job[] = [];
  for (const id of ids) after.push(await stored(first, id));
  expect(after.filter(({ status }) => status !== 'completed')).toEqual([]);
  expect(sandboxes.flatMap(({ logged }) => logged)).toContain('circuit.closed');
});
