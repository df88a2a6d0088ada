import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { work } from '../../../lib/generation/work.ts';
import { adoptableDeps } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { expectStopped } from '../../fixtures/stopped.ts';

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

const generationsOf = async (prompt: string) => (await engine.generations(prompt)).length;

describe.each(['chat', 'responses'] as const)('with a %s upstream', (protocol) => {
  const depsOf = () => (protocol === 'chat' ? engine.deps() : adoptableDeps(engine));

  test('a queued job is cancelled before it costs anything', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const job = await queuedJob(engine, deps, { prompt, controls });
    expect(await cancelJob(deps, job)).toMatchObject({ status: 'cancelled', ledger: [] });
    await expectStopped(engine, deps, job.id, prompt);
    expect(await generationsOf(prompt)).toBe(0);
  });

  test.each([
    ['while its model is silent', 'tokens=300&rate=0.1', 0],
    ['in the middle', controls, 20],
  ])("a worker's job is cancelled %s", async (_, slow, chars) => {
    const deps = depsOf();
    const prompt = newPrompt();
    const job = await queuedJob(engine, deps, { prompt, controls: slow });
    const worked = work(deps, hint(job.id), unending());
    await expect.poll(() => generationsOf(prompt)).toBe(1);
    await expect
      .poll(async () => (await engine.generations(prompt))[0]?.text.length)
      .toBeGreaterThanOrEqual(chars);
    const cancelled = await cancelJob(deps, await stored(deps, job.id));
    expect(cancelled).toMatchObject({ status: 'cancelled', ledger: [{ outcome: 'cancelled' }] });
    await expectStopped(engine, deps, job.id, prompt);
    expect(await worked).toEqual({ kind: 'acknowledge' });
    expect(await generationsOf(prompt)).toBe(1);
  });

  test('an inline job is cancelled, and its waiting client is told', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    let id = '';
    const watched: EngineDeps = {
      ...deps,
      jobs: {
        ...deps.jobs,
        create: (job) => {
          id = job.id;
          return deps.jobs.create(job);
        },
      },
    };
    const submitted = submitAndWait(watched, submission({ prompt, controls }), unending());
    await expect.poll(() => generationsOf(prompt)).toBe(1);
    await cancelJob(deps, await stored(deps, id));
    expect(await submitted).toMatchObject({ id, status: 'cancelled' });
    await expectStopped(engine, deps, id, prompt);
  });

  test('a promoted job is cancelled while it waits for a worker', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const job = await submitAndWait(
      deps,
      submission({ prompt, controls, waitMs: 300 }),
      unending(),
    );
    expect(job.status).toBe('queued');
    await cancelJob(deps, job);
    await expectStopped(engine, deps, job.id, prompt);
  });

  test('a job that backs off is cancelled', async () => {
    const deps = depsOf();
    const prompt = newPrompt();
    const failing = 'tokens=4&fault=500';
    const job = await queuedJob(engine, deps, { prompt, controls: failing });
    expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
    await cancelJob(deps, await stored(deps, job.id));
    await expectStopped(engine, deps, job.id, prompt);
  });

  test('two workers and three cancels at any moment leave one verdict and nothing running', async () => {
    const deps = depsOf();
    for (let round = 0; round < 12; round += 1) {
      const prompt = newPrompt();
      const short = 'tokens=12&rate=200';
      const job = await queuedJob(engine, deps, { prompt, controls: short });
      const workers = [1, 2].map(() => work(deps, hint(job.id), unending()));
      await deps.clock.sleep(round * 7);
      const seen = await stored(deps, job.id);
      const cancels = await Promise.all([1, 2, 3].map(() => cancelJob(deps, seen)));
      await Promise.all(workers);
      const ended = await stored(deps, job.id);
      expect(['cancelled', 'completed']).toContain(ended.status);
      expect(new Set(cancels.map(({ status }) => status))).toEqual(new Set([ended.status]));
      expect(await generationsOf(prompt)).toBeLessThanOrEqual(1);
      if (ended.status === 'cancelled') await expectStopped(engine, deps, job.id, prompt);
    }
  });
});

test('a job that has ended stays as it is', async () => {
  const deps = engine.deps();
  const done = await submitAndWait(deps, submission({}), unending());
  expect(done.status).toBe('completed');
  expect(await cancelJob(deps, done)).toEqual(done);
  const queued = await queuedJob(engine, deps);
  const cancelled = await cancelJob(deps, queued);
  expect(await cancelJob(deps, cancelled)).toEqual(cancelled);
  expect(await cancelJob(deps, queued)).toEqual(cancelled);
});
