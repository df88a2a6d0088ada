import { afterAll, beforeAll, expect, test } from 'vitest';
import { followOrStandIn } from '../../../lib/generation/stand-in.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { claim } from '../../../lib/job/transition.ts';
import { collect } from '../../fixtures/collect.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const speed = 20;

const follow = (deps: EngineDeps, id: string, signal = unending()) =>
  collect(followOrStandIn(deps, id, { afterSeq: 0 }, signal));

test('streams of jobs that no worker can claim have them generated where they wait', async () => {
  const deps = engine.deps(testClock(speed));
  const prompts = Array.from({ length: 10 }, newPrompt);
  const jobs = [];
  for (const prompt of prompts) jobs.push(await queuedJob(engine, deps, { prompt }));
  const streams = await Promise.all(jobs.map(({ id }) => follow(deps, id)));
  for (const items of streams) {
    expect(items.at(-1)).toMatchObject({
      kind: 'ended',
      job: { status: 'completed', attempt: 1, ledger: [{ via: 'worker', outcome: 'completed' }] },
    });
  }
  expect(deps.logged.filter((event) => event === 'job.stood_in')).toHaveLength(10);
  for (const prompt of prompts) expect(await engine.generations(prompt)).toHaveLength(1);
});

test('of many streams of one job one works on it', async () => {
  const deps = engine.deps(testClock(speed));
  const prompt = newPrompt();
  const { id } = await queuedJob(engine, deps, { prompt });
  const streams = await Promise.all(Array.from({ length: 10 }, () => follow(deps, id)));
  for (const items of streams) expect(items.at(-1)).toMatchObject({ kind: 'ended' });
  expect(await engine.generations(prompt)).toHaveLength(1);
  expect(await stored(deps, id)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('a stream leaves its job to the worker that claims it in time', async () => {
  const deps = engine.deps(testClock(speed));
  const { id } = await queuedJob(engine, deps, { controls: 'tokens=20&rate=40' });
  const streamed = follow(deps, id);
  await work(deps, hint(id), unending());
  expect((await streamed).at(-1)).toMatchObject({ kind: 'ended' });
  expect(deps.logged).not.toContain('job.stood_in');
});

test('a job that lost its worker is gone on with where it is streamed', async () => {
  const clock = testClock(speed);
  const deps = engine.deps(clock);
  const job = await queuedJob(engine, deps);
  const by = { owner: 'lost', upstream: 'demo', model: 'demo', nowMs: clock.nowMs() };
  await deps.jobs.write(claim(job, by));
  const streamed = follow(deps, job.id);
  clock.leap(60_000);
  await sweep(deps, unending());
  expect((await streamed).at(-1)).toMatchObject({
    kind: 'ended',
    job: { status: 'completed', attempt: 2 },
  });
  await engine.takeMessages();
});

test('once most of its time is gone it works on nothing', async () => {
  const clock = testClock(speed);
  const deps = engine.deps(clock);
  const { id } = await queuedJob(engine, deps);
  const over = new AbortController();
  const { jobs } = deps;
  let looks = 0;
  const late: EngineDeps = {
    ...deps,
    jobs: {
      ...jobs,
      load: async (...args) => {
        looks += 1;
        // From its first look on it is too late.
        if (looks === 1) clock.leap(6 * 60_000);
        if (looks === 40) over.abort();
        return jobs.load(...args);
      },
    },
  };
  expect((await follow(late, id, over.signal)).at(-1)).toEqual({ kind: 'interrupted' });
  expect(deps.logged).not.toContain('job.stood_in');
});
