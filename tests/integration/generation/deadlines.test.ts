import { afterEach, beforeEach, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import { claim } from '../../../lib/job/transition.ts';
import { adoptableDeps, adoptableWith } from '../../fixtures/adoptable.ts';
import {
  changed,
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

// A sweep looks at every job of its table, so each test has one of its own.
let engine: Engine;
let clock: TestClock;
beforeEach(async () => {
  engine = await startEngine();
  clock = testClock();
});
afterEach(() => engine.close());

const deadlineMs = 90_000;

/** One sweep after the deadline: the job has failed of it, and nothing is left to do. */
const expectOverrun = async (
  deps: EngineDeps,
  job: Pick<Job, 'id'>,
  failure = '',
): Promise<void> => {
  clock.leap(deadlineMs + 1);
  expect(await sweep(deps, unending())).toMatchObject({ written: 1, sent: 0, failed: 0 });
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({
    status: 'failed',
    error: { code: 'deadline_exceeded', message: expect.stringContaining(failure) },
  });
  expect(ended.dueAtMs).toBeUndefined();
  // Whoever still held it finds it ended.
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toEqual(ended);
};

/** A worker that claims the job and is never heard of again. */
const crash = async (deps: EngineDeps, id: string): Promise<void> => {
  const by = { owner: deps.ids.nonce(), upstream: 'demo', model: 'demo', nowMs: clock.nowMs() };
  expect(await deps.jobs.write(claim(await stored(deps, id), by))).toMatchObject({
    kind: 'written',
  });
};

test('a queued job is ended by the first sweep after its deadline', async () => {
  const deps = engine.deps(clock);
  await expectOverrun(deps, await queuedJob(engine, deps, { deadlineMs }));
});

test('so is one that waits for its next attempt, with what the last one failed of', async () => {
  const deps = engine.deps(clock);
  const job = await queuedJob(engine, deps, {
    deadlineMs,
    controls: 'fault=429&retry_after=40&times=1',
  });
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  await expectOverrun(deps, job, 'limits the rate of requests');
});

test('so is one that was deferred', async () => {
  const deps = engine.deps(clock, ({ health }) => ({
    health: {
      ...health,
      mayCall: async () => ({
        kind: 'wait',
        why: 'circuit',
        untilMs: clock.nowMs(),
        isProbed: false,
      }),
    },
  }));
  const job = await queuedJob(engine, deps, { deadlineMs });
  await work(deps, hint(job.id), unending());
  const deferred = await stored(deps, job.id);
  expect(deferred.waitingFor).toBe('circuit');
  expect(deferred.notBeforeMs).toBeLessThan(deferred.deadlineAtMs);
  await expectOverrun(deps, job);
});

test('so is one whose worker died', async () => {
  const deps = engine.deps(clock);
  const dead = await queuedJob(engine, deps, { deadlineMs });
  await crash(deps, dead.id);
  await expectOverrun(deps, dead);
});

/** A job whose first attempt has left a generation running at the upstream. */
const parked = async (deps: EngineDeps, prompt: string): Promise<Job> => {
  const controls = 'tokens=4000&rate=20';
  const asked = submission({ prompt, controls, waitMs: 300, deadlineMs });
  const job = await submitAndWait(deps, asked, unending());
  await engine.takeMessages();
  const now = await stored(deps, job.id);
  expect(now.upstreamId).toBeDefined();
  expect(now.status).toBe('queued');
  return now;
};

test('a generation that is parked at the upstream is stopped with its job', async () => {
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  await expectOverrun(deps, await parked(deps, prompt));
  await expect
    .poll(() => engine.generations(prompt))
    .toMatchObject([{ background: true, outcome: 'cancelled' }]);
});

test('so is one that an attempt is just adopting', async () => {
  const reached = Promise.withResolvers<void>();
  const deps = adoptableWith(engine, clock, (real) => ({
    async *resume(_id, _after, signal) {
      reached.resolve();
      await new Promise((_, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true });
      });
    },
    cancel: real.cancel,
  }));
  const prompt = newPrompt();
  const job = await parked(deps, prompt);
  const worked = work(deps, hint(job.id), unending());
  await reached.promise;
  clock.leap(deadlineMs + 1);
  await Promise.all([worked, sweep(deps, unending())]);
  const ended = await stored(deps, job.id);
  expect(isEnded(ended)).toBe(true);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
  await expect
    .poll(() => engine.generations(prompt))
    .toMatchObject([{ background: true, outcome: 'cancelled' }]);
  expect((await stored(deps, job.id)).stopOwed).toBeUndefined();
});

test('a stop that the upstream does not take is owed until it does', async () => {
  let refusals = 1;
  const deps = adoptableWith(engine, clock, (real) => ({
    cancel: async (id, signal) => {
      refusals -= 1;
      if (refusals >= 0) throw new Fault('upstream_unavailable', 'Busy.');
      await real.cancel(id, signal);
    },
  }));
  const prompt = newPrompt();
  const job = await parked(deps, prompt);
  clock.leap(deadlineMs + 1);
  await sweep(deps, unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'failed', stopOwed: true });
  await sweep(deps, unending());
  expect((await stored(deps, job.id)).stopOwed).toBeUndefined();
  await expect
    .poll(() => engine.generations(prompt))
    .toMatchObject([{ background: true, outcome: 'cancelled' }]);
});

test('a worker does not start what has less than a second left', async () => {
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, deadlineMs });
  clock.leap(deadlineMs - 900);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    attempt: 0,
    error: { code: 'deadline_exceeded' },
  });
  expect(await engine.generations(prompt)).toEqual([]);
});

test('a retry that could not finish is not waited for', async () => {
  const later = () =>
    new Fault('upstream_error', 'It failed.', { retry: { kind: 'later', afterMs: 59_500 } });
  const deps = engine.deps(clock, (real) =>
    changed(real, () => ({
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *open() {
        throw later();
      },
    })),
  );
  const job = await queuedJob(engine, deps, { deadlineMs: 60_000 });
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: {
      code: 'deadline_exceeded',
      message: expect.stringContaining('The last attempt failed: It failed.'),
    },
  });
});
