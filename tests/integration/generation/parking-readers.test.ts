import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';

import { markRead } from '../../../lib/generation/mark-read.ts';
import { readJob } from '../../../lib/generation/read.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';

import { work } from '../../../lib/generation/work.ts';

import { isParked } from '../../../lib/job/park.ts';
import { after } from '../../../lib/job/time.ts';

import { adoptableDeps, expectWhole, followed } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import {
  long,
  parkedJob,
  parkingDeps,
  restingJob,
  takeLast,
  untilAwaited,
  workToEnd,
} from '../../fixtures/parking.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterAll(() => engine.close());

test('who streams a parked job has a worker at it until they have gone', async () => {
  const clock = testClock(10);
  const deps = parkingDeps(engine, clock);
  const job = await parkedJob(deps, { controls: long });
  const reading = new AbortController();
  const read = followed(deps, job.id, 0, reading.signal);
  await untilAwaited(deps, job.id);
  const worked = work(deps, takeLast(deps, job.id), unending());
  await expect.poll(async () => (await stored(deps, job.id)).seq).toBeGreaterThan(job.seq);
  reading.abort();
  expect((await read).length).toBeGreaterThan(0);
  await worked;
  const now = await stored(deps, job.id);
  expect(now).toMatchObject({
    status: 'queued',
    attempt: 2,
    strikes: 0,
    ledger: [{ outcome: 'promoted' }, { outcome: 'promoted', adopted: true }],
  });
  expect(isParked(now)).toBe(true);
  await cancelJob(deps, now);
});

test.each(['generate', 'responses'] as const)(
  'who streams a parked %s job to its end reads all of it',
  async (api) => {
    const clock = testClock(10);
    const deps = parkingDeps(engine, clock);
    const prompt = newPrompt();
    const job = await parkedJob(deps, { api, prompt, controls: 'tokens=200&rate=100' });
    const read = followed(deps, job.id);
    await untilAwaited(deps, job.id);
    await workToEnd(deps, clock, job.id);
    expect((await read).at(-1)).toMatchObject({ kind: 'ended' });
    await expectWhole(engine, deps, job.id, prompt);
  },
);

test('a job whose client waits for its end is not parked', async () => {
  const clock = testClock(10);
  const deps = parkingDeps(engine, clock);
  const prompt = newPrompt();
  const controls = 'tokens=80&rate=100';
  const asked = submission({ prompt, controls, respondAsync: true, waitMs: 600_000 });
  const submitted = submitAndWait(deps, asked, unending());
  await expect.poll(() => deps.sent.length).toBe(1);
  const [first] = deps.sent;
  if (first !== undefined) await work(deps, first.message, unending());
  expect(await submitted).toMatchObject({ status: 'completed', attempt: 1 });
  await expectWhole(engine, deps, (await submitted).id, prompt);
});

test('of a hundred who ask for a parked job one sends for it', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const job = await restingJob(deps, clock);
  const untilMs = after(clock.nowMs(), 20_000);
  const readers = Array.from({ length: 100 }, () => markRead(deps, job, { kind: 'wait', untilMs }));
  await Promise.all(readers);
  expect(deps.sent).toMatchObject([{ delayMs: 0, message: { epoch: job.epoch + 1 } }]);
  expect(await stored(deps, job.id)).toMatchObject({ notBeforeMs: 0, awaitedUntilMs: untilMs });
  await cancelJob(deps, await stored(deps, job.id));
});

test('a glance brings the next look forward, and no worker back', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const job = await restingJob(deps, clock);
  await Promise.all([1, 2, 3].map(() => readJob(deps, job.id, 0, unending())));
  expect(deps.sent).toHaveLength(1);
  await work(deps, takeLast(deps, job.id), unending());
  const now = await stored(deps, job.id);
  expect(isParked(now)).toBe(true);
  expect(now.attempt).toBe(1);
  expect(now.notBeforeMs - clock.nowMs()).toBeLessThanOrEqual(1_000);
  await cancelJob(deps, now);
});
