import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import { stopAgainMs } from '../../../lib/limits.ts';
import { adoptableDeps, adoptableWith } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored, watchedJobs } from '../../fixtures/engine-jobs.ts';
import { fatefulJobs } from '../../fixtures/faulty-jobs.ts';
import { expectStopped } from '../../fixtures/stopped.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

/** A generation of six seconds. */
const controls = 'tokens=300&rate=50';

/** Runs a job whose upstream has just sent its first event when `meanwhile` happens. */
const atFirstEvent = async (meanwhile: (deps: EngineDeps, job: Job) => Promise<unknown>) => {
  const plain = adoptableDeps(engine);
  const deps = adoptableWith(engine, undefined, (real) => ({
    async *open(call, signal) {
      let isFirst = true;
      for await (const event of real.open(call, signal)) {
        if (isFirst) await meanwhile(plain, await stored(plain, job.id));
        isFirst = false;
        yield event;
      }
    },
  }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls });
  const worked = work(deps, hint(job.id), unending());
  return { deps, job, prompt, worked };
};

test('a generation that began while its job was cancelled is stopped by who began it', async () => {
  const { deps, job, prompt, worked } = await atFirstEvent(cancelJob);
  expect(await worked).toEqual({ kind: 'acknowledge' });
  await expectStopped(engine, deps, job.id, prompt);
  expect(await engine.generations(prompt)).toMatchObject([{ outcome: 'cancelled' }]);
});

test('a cancel that read the job before its generation began stops it all the same', async () => {
  const deps = adoptableDeps(engine);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls });
  const read: Job[] = [];
  const watched = adoptableDeps(engine, undefined, ({ jobs }) => ({
    jobs: watchedJobs(jobs, async (name) => {
      if (name === 'claim') read.push(await stored(deps, job.id));
    }),
  }));
  const worked = work(watched, hint(job.id), unending());
  await expect.poll(async () => (await stored(deps, job.id)).upstreamId !== undefined).toBe(true);
  const [stale] = read;
  expect(stale).not.toHaveProperty('upstreamId');
  await cancelJob(deps, stale ?? job);
  await expectStopped(engine, deps, job.id, prompt);
  await worked;
});

test('a stop that fails is owed until the sweep has made up for it', async () => {
  const clock = testClock();
  let isDown = true;
  const deps = adoptableWith(engine, clock, (real) => ({
    cancel: async (id, signal) => {
      if (isDown) throw new Fault('upstream_unreachable', 'Down.');
      return real.cancel(id, signal);
    },
  }));
  const prompt = newPrompt();
  const asked = submission({ prompt, controls, waitMs: 300 });
  const job = await submitAndWait(deps, asked, unending());
  expect(await cancelJob(deps, job)).toMatchObject({ status: 'cancelled', stopOwed: true });
  await sweep(deps, unending());
  const owing = await stored(deps, job.id);
  expect(owing).toMatchObject({ stopOwed: true, upstreamId: job.upstreamId });
  clock.leap(stopAgainMs);
  expect(owing.dueAtMs).toBeLessThanOrEqual(clock.nowMs());
  expect(await engine.generations(prompt)).toMatchObject([{ open: true }]);
  isDown = false;
  await sweep(deps, unending());
  await expectStopped(engine, deps, job.id, prompt);
});

test('asked again, a cancel makes up for the stop that failed', async () => {
  let failures = 1;
  const deps = adoptableWith(engine, undefined, (real) => ({
    cancel: async (id, signal) => {
      failures -= 1;
      if (failures >= 0) throw new Fault('upstream_unreachable', 'Down.');
      return real.cancel(id, signal);
    },
  }));
  const prompt = newPrompt();
  const job = await submitAndWait(deps, submission({ prompt, controls, waitMs: 300 }), unending());
  const cancelled = await cancelJob(deps, job);
  await cancelJob(deps, cancelled);
  await expectStopped(engine, deps, job.id, prompt);
});

test.each(['answer_lost', 'repeated', 'write_lost'] as const)(
  'a cancel that meets %s stops the upstream at once',
  async (fate) => {
    let met = false;
    const deps = adoptableDeps(engine, undefined, ({ jobs }) => ({
      jobs: fatefulJobs(jobs, ({ name }) => {
        if (name !== 'cancel' || met) return 'fine';
        met = true;
        return fate;
      }),
    }));
    const prompt = newPrompt();
    const asked = submission({ prompt, controls, waitMs: 300 });
    const job = await submitAndWait(deps, asked, unending());
    expect(await cancelJob(deps, job)).toMatchObject({ status: 'cancelled' });
    expect(met).toBe(true);
    await expectStopped(engine, deps, job.id, prompt);
  },
);

test('a deadline that passes stops the upstream, whoever holds the job', async () => {
  const clock = testClock();
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  const asked = submission({ prompt, controls, waitMs: 300, deadlineMs: 60_000 });
  const job = await submitAndWait(deps, asked, unending());
  clock.leap(60_001);
  await sweep(deps, unending());
  await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
  expect(ended.dueAtMs).toBeUndefined();
});

test('an attempt that meets its deadline stops its generation', async () => {
  const clock = testClock();
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls, deadlineMs: 30_000 });
  const worked = work(deps, hint(job.id), unending());
  await expect.poll(async () => (await stored(deps, job.id)).upstreamId !== undefined).toBe(true);
  clock.leap(30_001);
  await worked;
  await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
  expect(ended.dueAtMs).toBeUndefined();
});
