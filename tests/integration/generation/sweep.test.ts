import { afterEach, beforeEach, expect, test } from 'vitest';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import { claim } from '../../../lib/job/transition.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { fatefulJobs } from '../../fixtures/faulty-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

// A sweep looks at every job of its table, so each test has one of its own.
let engine: Engine;
let clock: TestClock;
let deps: EngineDeps;
beforeEach(async () => {
  engine = await startEngine();
  clock = testClock();
  deps = engine.deps(clock);
});
afterEach(() => engine.close());

const minuteMs = 60_000;

/** A worker that claims the job and is never heard of again. */
const crash = async (id: string): Promise<void> => {
  const job = await stored(deps, id);
  const by = { owner: deps.ids.nonce(), upstream: 'demo', model: 'demo', nowMs: clock.nowMs() };
  expect(await deps.jobs.write(claim(job, by))).toMatchObject({ kind: 'written' });
};

test('nothing is done about jobs that are not due', async () => {
  const job = await queuedJob(engine, deps);
  expect(await sweep(deps, unending())).toEqual({ written: 0, sent: 0, failed: 0 });
  await crash(job.id);
  clock.leap(40_000);
  expect(await sweep(deps, unending())).toEqual({ written: 0, sent: 0, failed: 0 });
  clock.leap(14_000);
  expect(await sweep(deps, unending())).toEqual({ written: 0, sent: 0, failed: 0 });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'in_progress', epoch: 1 });
});

test('a job whose worker died is claimed again within two minutes', async () => {
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt });
  await crash(job.id);
  const diedAtMs = clock.nowMs();
  do clock.leap(minuteMs);
  while ((await sweep(deps, unending())).sent === 0);
  expect(clock.nowMs() - diedAtMs).toBeLessThan(2 * minuteMs + 5_000);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'queued',
    epoch: 2,
    notBeforeMs: 0,
    ledger: [{ attempt: 1, outcome: 'lost' }],
  });
  const [message, ...others] = await engine.takeMessages();
  expect(others).toEqual([]);
  expect(message).toEqual({ v: 1, jobId: job.id, epoch: 2 });
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 2, strikes: 1 });
});

test('a job whose workers die one after the other fails after five of them, and says why', async () => {
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt });
  let crashes = 0;
  for (;;) {
    const now = await stored(deps, job.id);
    if (isEnded(now)) break;
    await crash(job.id);
    crashes += 1;
    clock.leap(minuteMs);
    await sweep(deps, unending());
  }
  expect(crashes).toBe(5);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', attempt: 5, error: { code: 'worker_lost' } });
  expect(new Set(ended.ledger.map(({ outcome }) => outcome))).toEqual(new Set(['lost']));
  expect(ended.dueAtMs).toBeUndefined();
  expect(await engine.generations(prompt)).toEqual([]);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
});

test('crashes but the first and failures of the upstream count together', async () => {
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'fault=500' });
  for (const _ of [1, 2, 3]) {
    await crash(job.id);
    clock.leap(minuteMs);
    await sweep(deps, unending());
  }
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  clock.leap(5 * minuteMs);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'failed', attempt: 5 });
  expect(await engine.generations(prompt)).toHaveLength(2);
});

test('a message that was lost is sent again, each time after twice as long, up to an hour', async () => {
  const job = await queuedJob(engine, deps, { deadlineMs: 24 * 60 * minuteMs });
  const gaps: number[] = [];
  let lastMs = clock.nowMs();
  while (gaps.length < 8) {
    clock.leap(minuteMs);
    if ((await sweep(deps, unending())).sent === 0) continue;
    gaps.push(Math.round((clock.nowMs() - lastMs) / minuteMs));
    lastMs = clock.nowMs();
  }
  expect(gaps).toEqual([2, 2, 4, 8, 16, 32, 60, 60]);
  const messages = await engine.takeMessages();
  expect(messages.map(({ epoch }) => epoch)).toEqual([2, 3, 4, 5, 6, 7, 8, 9]);
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('a job past its deadline is ended, whether it waits or runs', async () => {
  const waiting = await queuedJob(engine, deps, { deadlineMs: 90_000 });
  const running = await queuedJob(engine, deps, { deadlineMs: 90_000 });
  await crash(running.id);
  clock.leap(90_001);
  expect(await sweep(deps, unending())).toEqual({ written: 2, sent: 0, failed: 0 });
  for (const { id } of [waiting, running]) {
    const ended = await stored(deps, id);
    expect(ended).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
    expect(ended.dueAtMs).toBeUndefined();
  }
});

test('a wait of hours that the upstream asked for ends with a message', async () => {
  const job = await queuedJob(engine, deps, {
    controls: 'fault=429&retry_after=1800&times=1&tokens=4',
  });
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  clock.leap(25 * minuteMs);
  expect(await sweep(deps, unending())).toMatchObject({ sent: 0 });
  clock.leap(6 * minuteMs);
  expect(await sweep(deps, unending())).toMatchObject({ sent: 1 });
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('a job that cannot be swept does not keep the others, and is met again', async () => {
  const jobs: Job[] = [];
  for (let count = 0; count < 12; count += 1) jobs.push(await queuedJob(engine, deps));
  const stubborn = jobs[3]?.id;
  clock.leap(3 * minuteMs);
  const failing = engine.deps(clock, (real) => ({
    jobs: {
      ...real.jobs,
      load: async (id, consistency) => {
        if (id === stubborn) throw new Error('unreadable');
        return real.jobs.load(id, consistency);
      },
    },
  }));
  expect(await sweep(failing, unending())).toEqual({ written: 11, sent: 11, failed: 1 });
  expect(await sweep(deps, unending())).toEqual({ written: 1, sent: 1, failed: 0 });
  expect(await engine.takeMessages()).toHaveLength(12);
});

test('a message that could not be sent is sent by a later sweep', async () => {
  const job = await queuedJob(engine, deps);
  clock.leap(3 * minuteMs);
  const mute = engine.deps(clock, () => ({
    queue: {
      send: async () => {
        throw new Error('refused');
      },
    },
  }));
  expect(await sweep(mute, unending())).toEqual({ written: 1, sent: 0, failed: 1 });
  clock.leap(3 * minuteMs);
  expect(await sweep(deps, unending())).toEqual({ written: 1, sent: 1, failed: 0 });
  expect(await engine.takeMessages()).toEqual([{ v: 1, jobId: job.id, epoch: 3 }]);
});

test('of sweeps at the same time one acts on a job', async () => {
  const job = await queuedJob(engine, deps);
  await crash(job.id);
  clock.leap(minuteMs);
  const reports = await Promise.all([1, 2, 3].map(() => sweep(deps, unending())));
  expect(reports.reduce((sum, { sent }) => sum + sent, 0)).toBe(1);
  expect(await stored(deps, job.id)).toMatchObject({ epoch: 2 });
});

test.each([
  ['answer_lost', { written: 1, sent: 1, failed: 0 }],
  ['write_lost', { written: 0, sent: 0, failed: 1 }],
] as const)('of a sweep whose write meets %s the item tells', async (fate, report) => {
  const job = await queuedJob(engine, deps);
  await crash(job.id);
  clock.leap(minuteMs);
  const doubtful = { ...deps, jobs: fatefulJobs(deps.jobs, () => fate) };
  expect(await sweep(doubtful, unending())).toEqual(report);
  expect(await engine.takeMessages()).toHaveLength(report.sent);
  expect((await sweep(deps, unending())).sent).toBe(1 - report.sent);
});

test('a sweep whose time is up stops', async () => {
  await queuedJob(engine, deps);
  clock.leap(3 * minuteMs);
  expect(await sweep(deps, AbortSignal.abort())).toEqual({ written: 0, sent: 0, failed: 0 });
});
