import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAndWait as submit } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
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
import { queuedJob, shownText, stored } from '../../fixtures/engine-jobs.ts';
import { downJobs, fatefulJobs, type WriteFate } from '../../fixtures/faulty-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

/** Messages, backoff and sweeps as they would come, without the waits, until the job has ended. */
const drive = async (deps: EngineDeps, clock: TestClock, id: string): Promise<Job> => {
  for (let rounds = 0; rounds < 20; rounds += 1) {
    const job = await stored(deps, id);
    if (isEnded(job)) return job;
    const fate = await work(deps, hint(id), unending()).catch(() => undefined);
    clock.leap(fate?.kind === 'redeliver' ? fate.afterMs : 3 * 60_000);
    await sweep(deps, unending());
  }
  throw new Error('The job does not end.');
};

// The first attempt is cut after its checkpoint, the second goes through.
const controls = 'tokens=40&rate=200&fault=cut&after=30&times=1';
const speed = 150;

const moments: [name: string, occurrence: number][] = [
  ['claim', 1],
  ['checkpoint', 1],
  ['requeue', 1],
  ['claim', 2],
  ['begin', 1],
  ['checkpoint', 2],
  ['settle', 1],
];
const fates: WriteFate[] = ['answer_lost', 'repeated', 'write_lost'];

test.each(
  moments.flatMap(([name, occurrence]) => fates.map((fate) => [fate, name, occurrence] as const)),
)(
  'when it meets %s, %s %i costs neither text nor another generation',
  async (fate, name, occurrence) => {
    const clock = testClock(speed);
    let met = 0;
    const deps = engine.deps(clock, ({ jobs }) => ({
      jobs: fatefulJobs(jobs, (write) => {
        if (write.name !== name) return 'fine';
        met += 1;
        return met === occurrence ? fate : 'fine';
      }),
    }));
    const prompt = newPrompt();
    const job = await queuedJob(engine, deps, { prompt, controls });
    const ended = await drive(deps, clock, job.id);
    expect(met).toBeGreaterThanOrEqual(occurrence);
    expect(ended).toMatchObject({ status: 'completed', attempt: 2 });
    expect(ended.ledger.map(({ outcome }) => outcome)).toEqual(['requeued', 'completed']);
    const [, second, ...others] = await engine.generations(prompt);
    expect(others).toEqual([]);
    expect(await shownText(deps, job.id)).toBe(second?.text);
    await engine.takeMessages();
  },
);

test.each([1, 2, 3, 4, 5, 6])(
  'a third of the writes in doubt (%i) leave one verdict and one text',
  async (seed) => {
    const clock = testClock(speed);
    let state = seed * 7_919;
    const next = (): number => {
      state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
      return state / 2_147_483_648;
    };
    const deps = engine.deps(clock, ({ jobs }) => ({
      jobs: fatefulJobs(jobs, () =>
        next() < 0.66 ? 'fine' : (fates[Math.floor(next() * 3)] ?? 'fine'),
      ),
    }));
    const prompt = newPrompt();
    const job = await queuedJob(engine, deps, { prompt, controls });
    const ended = await drive(deps, clock, job.id);
    expect(ended).toMatchObject({ status: 'completed' });
    expect(ended.dueAtMs).toBeUndefined();
    const finished = (await engine.generations(prompt)).filter((one) => one.outcome === 'finished');
    expect(finished).toHaveLength(1);
    expect(await shownText(deps, job.id)).toBe(finished[0]?.text);
    await engine.takeMessages();
  },
);

test('a store that is away for a while in mid-generation costs nothing', async () => {
  const clock = testClock(30);
  let awayFromMs = Number.POSITIVE_INFINITY;
  const isAway = (): boolean => clock.nowMs() >= awayFromMs && clock.nowMs() < awayFromMs + 9_000;
  const deps = engine.deps(clock, ({ jobs }) => ({ jobs: downJobs(jobs, isAway) }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=150&rate=100' });
  awayFromMs = clock.nowMs() + 14_000;
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(deps.logged).toContain('pulse.missed');
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await shownText(deps, job.id)).toBe((await engine.generations(prompt))[0]?.text);
});

test('a checkpoint that landed, though nobody could tell for a while, is not taken for the next write', async () => {
  const clock = testClock(30);
  let awayUntilMs = 0;
  let met = false;
  const deps = engine.deps(clock, ({ jobs }) => {
    const down = downJobs(jobs, () => clock.nowMs() < awayUntilMs);
    return {
      jobs: {
        ...down,
        write: async (write) => {
          const outcome = await down.write(write);
          if (met || write.name !== 'checkpoint') return outcome;
          met = true;
          awayUntilMs = clock.nowMs() + 9_000;
          return { kind: 'doubtful', cause: new Error('no answer') };
        },
      },
    };
  });
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=50&rate=100' });
  await work(deps, hint(job.id), unending());
  expect(deps.logged).toContain('pulse.missed');
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('a store that stays away ends no job; it is recovered when its lease has run out', async () => {
  const clock = testClock(100);
  let away = false;
  const deps = engine.deps(clock, (real) => ({
    jobs: downJobs(real.jobs, () => away),
    ...changed(real, (upstream) => ({
      async *open(call, signal) {
        away = true;
        yield* upstream.open(call, signal);
      },
    })),
  }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt });
  await expect(work(deps, hint(job.id), unending())).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(clock.sleeping()).toBe(0);
  away = false;
  expect(await stored(deps, job.id)).toMatchObject({ status: 'in_progress', attempt: 1 });
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });

  clock.leap(60_000);
  const healthy = engine.deps(clock);
  await sweep(healthy, unending());
  await work(healthy, hint(job.id), unending());
  expect(await stored(healthy, job.id)).toMatchObject({
    status: 'completed',
    attempt: 2,
    ledger: [{ outcome: 'lost' }, { outcome: 'completed' }],
  });
  await engine.takeMessages();
});

/** A store that goes away for good with the job's last write, which it still takes. */
const awayAfterSettle = (clock: TestClock) => {
  let away = false;
  return engine.deps(clock, ({ jobs }) => {
    const down = downJobs(jobs, () => away);
    return {
      jobs: {
        ...down,
        write: async (write) => {
          const outcome = await down.write(write);
          if (write.name !== 'settle') return outcome;
          away = true;
          return { kind: 'doubtful', cause: new Error('no answer') };
        },
      },
    };
  });
};

test('an attempt that cannot learn whether it settled leaves the job settled', async () => {
  const clock = testClock(100);
  const deps = awayAfterSettle(clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt });
  await expect(work(deps, hint(job.id), unending())).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  const healthy = engine.deps(clock);
  expect(await stored(healthy, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await work(healthy, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('a request that was accepted stays accepted when the store goes away before its answer', async () => {
  const clock = testClock(100);
  const deps = awayAfterSettle(clock);
  const job = await submit(deps, submission({}), unending());
  expect(isEnded(job)).toBe(false);
  const healthy = engine.deps(clock);
  expect(await stored(healthy, job.id)).toMatchObject({ status: 'completed' });
});

test('a reply is not held beyond its wait by a store that hangs', async () => {
  let hanging = false;
  const deps = engine.deps(testClock(10), (real) => ({
    jobs: {
      ...real.jobs,
      load: (id, consistency) =>
        hanging ? new Promise(() => undefined) : real.jobs.load(id, consistency),
      write: (write) => (hanging ? new Promise(() => undefined) : real.jobs.write(write)),
    },
    ...changed(real, (upstream) => ({
      async *open(call, signal) {
        hanging = true;
        yield* upstream.open(call, signal);
      },
    })),
  }));
  const prompt = newPrompt();
  const asked = submission({ prompt, waitMs: 5_000, controls: 'tokens=400&rate=50' });
  const startedAtMs = performance.now();
  const job = await submit(deps, asked, unending());
  expect(isEnded(job)).toBe(false);
  // The generation alone takes eight seconds.
  expect(performance.now() - startedAtMs).toBeLessThan(7_500);
  await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
});
