import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { erase } from '../../../lib/generation/erase.ts';

import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';

import { isParked, shownStatus } from '../../../lib/job/park.ts';

import { tokensOf } from '../../../lib/job/tokens.ts';
import { adoptableDeps, expectWhole, lost } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { stored, watchedJobs } from '../../fixtures/engine-jobs.ts';
import { long, parkedJob, parkingDeps, takeLast, workToEnd } from '../../fixtures/parking.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterAll(() => engine.close());

test('a generation that nobody waits for is let go of, looked in on, and paid once', async () => {
  const clock = testClock(20);
  const deps = parkingDeps(engine, clock);
  const prompt = newPrompt();
  const job = await parkedJob(deps, { prompt, controls: 'tokens=120&rate=100' });
  expect(job).toMatchObject({ status: 'queued', attempt: 1, strikes: 0 });
  expect(shownStatus(job)).toBe('in_progress');
  expect(job.dueAtMs).toBeGreaterThan(job.notBeforeMs);
  expect(await workToEnd(deps, clock, job.id)).toBeGreaterThan(0);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({
    status: 'completed',
    strikes: 1,
  });
  expect(ended.ledger[0]).toMatchObject({ outcome: 'promoted', generation: 1 });
  expect(ended.ledger[0]?.usage).toBeUndefined();
  expect(ended.ledger.at(-1)).toMatchObject({
    outcome: 'completed',
    generation: 1,
    adopted: true,
  });
  expect(ended).not.toHaveProperty('awaitedUntilMs');
  expect(tokensOf(ended).generated.output).toBe(120);
  await expectWhole(engine, deps, job.id, prompt);
});

test('a look is no attempt, and its message is the only one', async () => {
  const clock = testClock();
  const names: string[] = [];
  const real = parkingDeps(engine, clock);
  const jobs = watchedJobs(real.jobs, (name) => void names.push(name));
  const deps = { ...real, jobs };
  const job = await parkedJob(deps, { controls: long });
  expect(deps.sent).toHaveLength(1);
  for (let looks = 2; looks < 5; looks += 1) {
    names.length = 0;
    clock.leap(61_000);
    expect(await work(deps, takeLast(deps, job.id), unending())).toEqual({ kind: 'acknowledge' });
    expect(names).toEqual(['look-later']);
    expect(deps.sent).toHaveLength(looks);
  }
  const now = await stored(deps, job.id);
  expect(now.ledger).toEqual(job.ledger);
  expect(now.notBeforeMs - clock.nowMs()).toBeGreaterThan(10_000);
  await cancelJob(deps, now);
});

test('two looks at once leave one message, and an outdated one does nothing', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const job = await parkedJob(deps, { controls: long });
  const message = takeLast(deps, job.id);
  clock.leap(400_000);
  await Promise.all([
    work(deps, message, unending()),
    work(deps, message, unending()),
    work(deps, message, unending()),
  ]);
  expect(deps.sent).toHaveLength(2);
  const before = await stored(deps, job.id);
  expect(await work(deps, message, unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toEqual(before);
  expect(await work(deps, takeLast(deps, job.id), unending())).toMatchObject({ kind: 'redeliver' });
  await cancelJob(deps, before);
});

test('a parked job whose message was lost is sent for by the sweep', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const prompt = newPrompt();
  const job = await parkedJob(deps, { prompt, controls: 'tokens=120&rate=100' });
  deps.sent.length = 0;
  clock.leap((job.dueAtMs ?? 0) - clock.nowMs() + 1);
  await sweep(deps, unending());
  const sent = deps.sent.filter(({ message }) => message.jobId === job.id);
  expect(sent).toMatchObject([{ message: { epoch: job.epoch + 1 } }]);
  await workToEnd(deps, clock, job.id);
  await expectWhole(engine, deps, job.id, prompt);
});

test('a parked job that is cancelled or deleted stops its generation', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const prompts = [newPrompt(), newPrompt()] as const;
  const cancelled = await parkedJob(deps, { prompt: prompts[0], controls: long });
  const deleted = await parkedJob(deps, { prompt: prompts[1], controls: long });
  expect(await cancelJob(deps, cancelled)).toMatchObject({ status: 'cancelled' });
  await erase(deps, deleted);
  clock.leap(61_000);
  for (const { id } of [cancelled, deleted]) {
    expect(await work(deps, takeLast(deps, id), unending())).toEqual({ kind: 'acknowledge' });
    const job = await stored(deps, id);
    expect(job).toMatchObject({ status: 'cancelled', attempt: 1 });
    expect(job).not.toHaveProperty('upstreamId');
  }
  for (const prompt of prompts) {
    await expect
      .poll(() => engine.generations(prompt))
      .toMatchObject([{ outcome: 'cancelled', open: false }]);
  }
});

test('a parked job is looked at shortly before its deadline, and failed at it', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const prompt = newPrompt();
  const job = await parkedJob(deps, { prompt, controls: long, deadlineMs: 300_000 });
  const latestMs = job.deadlineAtMs - 15_000;
  let { notBeforeMs } = job;
  for (let looks = 0; notBeforeMs < latestMs && looks < 100; looks += 1) {
    clock.leap(Math.max(0, notBeforeMs - clock.nowMs()));
    await work(deps, takeLast(deps, job.id), unending());
    notBeforeMs = (await stored(deps, job.id)).notBeforeMs;
  }
  expect(notBeforeMs).toBe(latestMs);
  clock.leap(job.deadlineAtMs - clock.nowMs() + 1);
  await sweep(deps, unending());
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    error: { code: 'deadline_exceeded' },
  });
  await expect
    .poll(() => engine.generations(prompt))
    .toMatchObject([{ outcome: 'cancelled', open: false }]);
});

test('a generation that is gone when it is looked at is begun anew', async () => {
  const clock = testClock(20);
  let isGone = false;
  const gone = (): void => {
    if (isGone) throw lost();
  };
  const deps = parkingDeps(engine, clock, (real) => ({
    resume: (...call) => {
      gone();
      return real.resume(...call);
    },
    retrieve: async (...call) => {
      gone();
      return real.retrieve(...call);
    },
  }));
  const prompt = newPrompt();
  const job = await parkedJob(deps, { prompt, controls: 'tokens=60&rate=30' });
  isGone = true;
  clock.leap(61_000);
  const worked = work(deps, takeLast(deps, job.id), unending());
  await expect.poll(async () => (await engine.generations(prompt)).length).toBe(2);
  isGone = false;
  await worked;
  await workToEnd(deps, clock, job.id);
  const ended = await stored(deps, job.id);
  expect(ended.status).toBe('completed');
  const [first, ...others] = ended.ledger.map(({ generation }) => generation);
  expect(first).toBe(1);
  expect(new Set(others)).toEqual(new Set([2]));
  expect(tokensOf(ended).generated.output).toBeGreaterThanOrEqual(60);
  expect(await engine.generations(prompt)).toHaveLength(2);
});

test('a parked job that its upstream keeps queued for two minutes is begun anew there', async () => {
  const clock = testClock();
  const deps = parkingDeps(engine, clock);
  const prompt = newPrompt();
  const controls = 'tokens=5&rate=10000&queued_ms=600000';
  const job = await parkedJob(deps, { prompt, controls });
  while (clock.nowMs() - job.createdAtMs < 100_000) {
    const { notBeforeMs } = await stored(deps, job.id);
    clock.leap(Math.max(0, notBeforeMs - clock.nowMs()) + 1);
    await work(deps, takeLast(deps, job.id), unending());
  }
  expect(await engine.generations(prompt)).toHaveLength(1);
  clock.leap(60_000);
  await work(deps, takeLast(deps, job.id), unending());
  expect(await engine.generations(prompt)).toMatchObject([
    { outcome: 'cancelled', open: false },
    { open: true },
  ]);
  const now = await stored(deps, job.id);
  expect(isParked(now)).toBe(true);
  expect(now).toMatchObject({ attempt: 2, strikes: 0, ledger: [{}, { generation: 2 }] });
  await cancelJob(deps, now);
});
