import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import {
  adoptableDeps,
  adoptableWith,
  cutAfter,
  expectWhole,
  followed,
  gistsOfEntries,
  gistsOfEvents,
  lost,
  responseSubmission,
} from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  only,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored, workOff } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
  // The SDK is loaded with the first request, and some tests have to meet a moment.
  await submitAndWait(adoptableDeps(engine), submission({}), unending());
});
afterAll(() => engine.close());

const queuedResponse = async (deps: EngineDeps, asked: Parameters<typeof responseSubmission>[0]) =>
  submitAndWait(deps, responseSubmission(asked), unending());

test('a generation that is gone is begun anew, and the ledger says so', async () => {
  const clock = testClock();
  const cancelled: string[] = [];
  const deps = adoptableWith(engine, clock, (real) => ({
    open: (call, signal) =>
      cancelled.length > 0 ? real.open(call, signal) : cutAfter(real.open(call, signal), 8),
    // biome-ignore lint/correctness/useYield: It fails before its first event.
    async *resume() {
      throw lost();
    },
    retrieve: async () => {
      throw lost();
    },
    cancel: (id, signal) => {
      cancelled.push(id);
      return real.cancel(id, signal);
    },
  }));
  const prompt = newPrompt();
  const job = await queuedResponse(deps, { prompt, controls: 'tokens=20&rate=1000' });
  expect(await workOff(deps, clock, job.id)).toBe(2);
  const [first, second] = await engine.generations(prompt);
  expect(cancelled).toEqual([first?.id]);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'completed',
    segments: [{ attempt: 2 }],
    ledger: [{ outcome: 'requeued' }, { outcome: 'completed', adopted: false }],
  });
  expect(gistsOfEntries(await followed(deps, job.id))).toEqual(
    gistsOfEvents(await engine.upstreamEvents(second?.id ?? '')),
  );
});

test('a generation that goes after it was resumed leaves nothing in the text of the next', async () => {
  const clock = testClock();
  let opened = 0;
  let resumed = 0;
  const deps = adoptableWith(engine, clock, (real) => ({
    open: (call, signal) => {
      opened += 1;
      return opened === 1 ? cutAfter(real.open(call, signal), 8) : real.open(call, signal);
    },
    async *resume(id, position, signal) {
      resumed += 1;
      let seen = 0;
      for await (const event of real.resume(id, position, signal)) {
        yield event;
        seen += 1;
        if (seen === 3) throw lost();
      }
    },
    retrieve: async () => {
      throw lost();
    },
  }));
  const prompt = newPrompt();
  const job = await queuedResponse(deps, { prompt, controls: 'tokens=20&rate=1000' });
  expect(await workOff(deps, clock, job.id)).toBe(3);
  expect([opened, resumed]).toEqual([2, 1]);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'completed',
    segments: [{ attempt: 3 }],
    ledger: [{ errorCode: 'upstream_cut' }, { errorCode: 'upstream_lost' }, {}],
  });
  const last = (await engine.generations(prompt)).at(-1);
  expect(gistsOfEntries(await followed(deps, job.id))).toEqual(
    gistsOfEvents(await engine.upstreamEvents(last?.id ?? '')),
  );
});

test('a worker whose function ends hands over, and the sweep sends', async () => {
  const clock = testClock();
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=400&rate=100' });
  for (let attempt = 1; attempt <= 2; attempt += 1) {
    const ending = new AbortController();
    const worked = work(deps, hint(job.id), ending.signal);
    await expect.poll(async () => (await stored(deps, job.id)).upstreamId !== undefined).toBe(true);
    setTimeout(() => ending.abort(), 300);
    expect(await worked).toEqual({ kind: 'acknowledge' });
    const handed = await stored(deps, job.id);
    expect(handed).toMatchObject({ status: 'queued', attempt, strikes: 0 });
    expect(handed.dueAtMs).toBeLessThanOrEqual(clock.nowMs());
    expect(handed.seq).toBeGreaterThan(0);
    await sweep(deps, unending());
    expect(await engine.takeMessages()).toMatchObject([{ jobId: job.id }]);
  }
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'completed',
    attempt: 3,
    ledger: [{ outcome: 'promoted' }, { outcome: 'promoted', adopted: true }, { adopted: true }],
  });
  await expectWhole(engine, deps, job.id, prompt);
});

test('an inline attempt whose function ends is promoted', async () => {
  const deps = adoptableDeps(engine);
  const prompt = newPrompt();
  const ending = new AbortController();
  const asked = submission({ prompt, controls: 'tokens=200&rate=100' });
  const ids: string[] = [];
  const create: typeof deps.jobs.create = (made) => {
    ids.push(made.id);
    return deps.jobs.create(made);
  };
  const jobs = { ...deps.jobs, create };
  const submitted = submitAndWait({ ...deps, jobs }, asked, ending.signal);
  // Before its id is on record nobody can resume it.
  const upstreamId = async () => (await deps.jobs.load(ids[0] ?? '', 'strong'))?.upstreamId;
  await expect.poll(upstreamId).toBeDefined();
  ending.abort();
  const job = await submitted;
  expect(job).toMatchObject({ status: 'queued', strikes: 0 });
  await engine.takeMessages();
  await work(deps, hint(job.id), unending());
  await expectWhole(engine, deps, job.id, prompt);
});

test('a generation runs in the background only where it helps', async () => {
  const deps = adoptableDeps(engine);
  const asked = { controls: 'tokens=4&rate=10000' };
  const inline = { respondAsync: false, waitMs: 10_000 };
  const backgroundOf = async (make: (prompt: string) => Parameters<typeof submitAndWait>[1]) => {
    const prompt = newPrompt();
    const job = await submitAndWait(deps, make(prompt), unending());
    await engine.takeMessages();
    await work(deps, hint(job.id), unending());
    expect(await stored(deps, job.id)).toMatchObject({ status: 'completed' });
    return (await engine.generations(prompt)).map(({ background }) => background);
  };
  const short = { maxOutputTokens: 100 };
  expect(await backgroundOf((prompt) => submission({ ...asked, prompt }))).toEqual([true]);
  expect(await backgroundOf((prompt) => submission({ ...asked, ...short, prompt }))).toEqual([
    false,
  ]);
  expect(
    await backgroundOf((prompt) =>
      submission({ ...asked, ...short, prompt, respondAsync: true, waitMs: 0 }),
    ),
  ).toEqual([true]);
  expect(
    await backgroundOf((prompt) =>
      responseSubmission({ ...asked, ...inline, prompt, unstored: true, body: { store: false } }),
    ),
  ).toEqual([false]);
});

test('a generation that turned out not to run in the background is not resumed', async () => {
  const clock = testClock();
  const real = engine.server('responses');
  let isAdoptable = true;
  const resumed: string[] = [];
  const upstreams = only({
    ...real,
    get adoptable() {
      return isAdoptable;
    },
    async *open(call, signal) {
      isAdoptable = false;
      const { background: _, ...body } = call.body;
      const events = real.open({ ...call, body: { ...body, store: false } }, signal);
      yield* resumed.length === 0 && (await stored(deps, job.id)).attempt === 1
        ? cutAfter(events, 8)
        : events;
    },
    resume: (id, position, signal) => {
      resumed.push(id);
      return real.resume(id, position, signal);
    },
  });
  const deps = engine.deps(clock, () => ({ upstreams }));
  const prompt = newPrompt();
  const job = await queuedResponse(deps, { prompt, controls: 'tokens=20&rate=1000' });
  expect(await workOff(deps, clock, job.id)).toBe(2);
  expect(resumed).toEqual([]);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed' });
  expect(await engine.generations(prompt)).toHaveLength(2);
  await engine.takeMessages();
});
