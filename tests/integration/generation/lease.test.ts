import { afterAll, beforeAll, expect, test } from 'vitest';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { claim } from '../../../lib/job/transition.ts';
import { finishChunk, startChunk } from '../../fixtures/chat-chunks.ts';
import {
  changed,
  type Engine,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, shownText, stored, watchedJobs } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('an attempt whose lease was taken stops at once, and nothing of its text is in the result', async () => {
  const clock = testClock(10);
  const first = engine.deps(clock);
  const later = testClock();
  later.leap(10 * 60_000);
  const second = engine.deps(later);
  const prompt = newPrompt();
  const job = await queuedJob(engine, first, { prompt, controls: 'tokens=150&rate=50' });
  const lost = work(first, hint(job.id), unending());
  await expect.poll(async () => (await stored(first, job.id)).seq, { timeout: 60_000 }).toBe(0);
  await expect.poll(async () => (await engine.generations(prompt)).length).toBe(1);

  expect(await sweep(second, unending())).toMatchObject({ written: 1, sent: 1 });
  const taken = work(second, hint(job.id), unending());
  expect(await lost).toEqual({ kind: 'acknowledge' });
  await expect
    .poll(async () => (await engine.generations(prompt))[0])
    .toMatchObject({ outcome: 'client_gone', open: false });
  expect(clock.sleeping()).toBe(0);

  await taken;
  expect(await stored(second, job.id)).toMatchObject({
    status: 'completed',
    attempt: 2,
    segments: [],
    ledger: [{ outcome: 'lost' }, { outcome: 'completed' }],
  });
  const [, whole] = await engine.generations(prompt);
  expect(await shownText(second, job.id)).toBe(whole?.text);
  await engine.takeMessages();
});

test.each(['queued again', 'claimed by another'])(
  'an attempt whose job is %s stops within two seconds',
  async (fate) => {
    const first = engine.deps(testClock());
    const later = testClock();
    later.leap(10 * 60_000);
    const second = engine.deps(later);
    const prompt = newPrompt();
    const job = await queuedJob(engine, first, { prompt, controls: 'tokens=300&rate=50' });
    const lost = work(first, hint(job.id), unending());
    await expect.poll(async () => (await engine.generations(prompt)).length).toBe(1);
    await sweep(second, unending());
    if (fate === 'claimed by another') {
      const by = { owner: 'another', upstream: 'demo', model: 'demo', nowMs: later.nowMs() };
      await second.jobs.write(claim(await stored(second, job.id), by));
    }
    const takenAtMs = performance.now();
    expect(await lost).toEqual({ kind: 'acknowledge' });
    expect(performance.now() - takenAtMs).toBeLessThan(5_000);
    await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
    expect(await stored(second, job.id)).toMatchObject({ epoch: 2, segments: [], seq: 0 });
    await engine.takeMessages();
  },
);

test('a worker frozen between its claim and its start does not call the upstream once the job is lost', async () => {
  const clock = testClock();
  const deps = engine.deps(clock, ({ jobs, ...rest }) => ({
    jobs: watchedJobs(jobs, async (name) => {
      if (name !== 'claim') return;
      clock.leap(60_000);
      await sweep({ jobs, ...rest }, unending());
    }),
  }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt });
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await engine.generations(prompt)).toEqual([]);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'queued', attempt: 1, epoch: 2 });
  await engine.takeMessages();
});

test('a worker frozen between its claim and its start renews the lease before it calls', async () => {
  const clock = testClock();
  const writes: string[] = [];
  const deps = engine.deps(clock, ({ jobs }) => ({
    jobs: watchedJobs(jobs, (name) => {
      writes.push(name);
      if (name === 'claim') clock.leap(60_000);
    }),
  }));
  const job = await queuedJob(engine, deps);
  await work(deps, hint(job.id), unending());
  expect(writes).toEqual(['create', 'claim', 'renew', 'settle']);
});

test('a worker frozen before its quick repetition does not call again once the job is lost', async () => {
  const clock = testClock();
  const later = testClock();
  later.leap(60_000);
  const sweeper = engine.deps(later);
  const deps = engine.deps(clock, () => ({
    clock: {
      ...clock,
      sleep: async (ms, signal) => {
        if (ms !== 500) return clock.sleep(ms, signal);
        await sweep(sweeper, unending());
        clock.leap(60_000);
      },
    },
  }));
  const prompt = newPrompt();
  const controls = 'tokens=40&rate=10000&fault=503&retry_after_ms=500&times=1';
  const job = await queuedJob(engine, deps, { prompt, controls });
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await engine.generations(prompt)).toHaveLength(1);
  await engine.takeMessages();
});

test('a lease is renewed while nothing is written', async () => {
  const clock = testClock(30);
  const writes: string[] = [];
  const deps = engine.deps(clock, ({ jobs }) => ({
    jobs: watchedJobs(jobs, (name) => {
      writes.push(name);
    }),
  }));
  const silent = engine.deps(clock, (real) => ({
    jobs: deps.jobs,
    ...changed(real, () => ({
      async *open(_, signal) {
        await clock.sleep(50_000, signal);
        yield startChunk();
        yield finishChunk();
      },
    })),
  }));
  const job = await queuedJob(engine, silent);
  await work(silent, hint(job.id), unending());
  expect(writes.filter((name) => name === 'renew').length).toBeGreaterThanOrEqual(2);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed' });
});
