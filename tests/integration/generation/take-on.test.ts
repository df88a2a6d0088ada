import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { work } from '../../../lib/generation/work.ts';
import type { JobMessage } from '../../../lib/ports/queues.ts';
import { adoptableDeps, expectWhole } from '../../fixtures/adoptable.ts';
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
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

/** Hardly moves by itself, so that no wait ends because the machine is slow. */
const slowClock = () => testClock(0.05);

/** Queued, and waited for. */
const held = (asked: Parameters<typeof submission>[0]) =>
  submission({ respondAsync: true, waitMs: 290_000, ...asked });

const takeMessages = async (count: number): Promise<readonly JobMessage[]> => {
  const taken: JobMessage[] = [];
  await expect
    .poll(async () => taken.push(...(await engine.takeMessages())), { timeout: 60_000 })
    .toBe(count);
  return taken;
};

/** Moves the time on by a second at a time while one of the jobs is still in the queue. */
const untilTakenOn = (deps: EngineDeps, clock: TestClock, ids: readonly string[]) =>
  expect
    .poll(
      async () => {
        const jobs = await Promise.all(ids.map((id) => stored(deps, id)));
        const isQueued = jobs.some(({ attempt }) => attempt === 0);
        if (isQueued) clock.leap(1_000);
        return isQueued;
      },
      { timeout: 60_000 },
    )
    .toBe(false);

test('clients that wait for queued jobs are answered where no worker can start', async () => {
  const clock = slowClock();
  const deps = engine.deps(clock);
  const prompts = Array.from({ length: 10 }, newPrompt);
  const waiting = prompts.map((prompt) => submitAndWait(deps, held({ prompt }), unending()));
  const messages = await takeMessages(10);
  await untilTakenOn(
    deps,
    clock,
    messages.map(({ jobId }) => jobId),
  );
  for (const job of await Promise.all(waiting)) {
    expect(job).toMatchObject({
      status: 'completed',
      admission: { decision: 'queued' },
      ledger: [{ attempt: 1, via: 'inline', outcome: 'completed' }],
    });
  }
  // The workers that come at last find them done.
  for (const message of messages) {
    expect(await work(deps, message, unending())).toEqual({ kind: 'acknowledge' });
  }
  for (const prompt of prompts) expect(await engine.generations(prompt)).toHaveLength(1);
});

test('so is who asks again for one of them, with what was asked for first', async () => {
  const clock = slowClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const attachTo = await queuedJob(engine, deps, { prompt });
  // A repetition is not given the conversation before it.
  const asked = held({ prompt: newPrompt(), attachTo });
  const waiting = submitAndWait(deps, asked, unending());
  await untilTakenOn(deps, clock, [attachTo.id]);
  expect(await waiting).toMatchObject({
    id: attachTo.id,
    status: 'completed',
    ledger: [{ attempt: 1, via: 'inline', outcome: 'completed' }],
  });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('a job that a worker has claimed is left to it', async () => {
  const clock = slowClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const asked = held({ prompt, controls: 'tokens=100&rate=100' });
  const waiting = submitAndWait(deps, asked, unending());
  const [message = hint('none')] = await takeMessages(1);
  const working = work(deps, message, unending());
  await expect.poll(async () => (await stored(deps, message.jobId)).status).toBe('in_progress');
  clock.leap(6_000);
  await working;
  clock.leap(1_000);
  expect(await waiting).toMatchObject({
    status: 'completed',
    ledger: [{ attempt: 1, via: 'worker', outcome: 'completed' }],
  });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('what would have to begin anew after a short wait is not begun in it', async () => {
  const deps = engine.deps(testClock(50));
  const prompt = newPrompt();
  const job = await submitAndWait(deps, held({ prompt, waitMs: 25_000 }), unending());
  expect(job).toMatchObject({ status: 'queued', attempt: 0 });
  expect(await engine.generations(prompt)).toEqual([]);
});

test('what can be resumed is begun in it, and gone on with after it', async () => {
  const clock = slowClock();
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  const asked = held({ prompt, controls: 'tokens=400&rate=100', waitMs: 25_000 });
  const overMs = clock.nowMs() + 25_000;
  const waiting = submitAndWait(deps, asked, unending());
  const [{ jobId } = hint('none')] = await takeMessages(1);
  await untilTakenOn(deps, clock, [jobId]);
  await expect.poll(async () => (await stored(deps, jobId)).upstreamId).toBeDefined();
  // Beyond the wait, but not so far that the attempt is not waited for any more.
  clock.leap(overMs + 1_000 - clock.nowMs());
  expect(await waiting).toMatchObject({
    status: 'queued',
    strikes: 0,
    ledger: [{ via: 'inline', outcome: 'promoted' }],
  });
  await work(deps, hint(jobId), unending());
  await expectWhole(engine, deps, jobId, prompt);
});

test('a store that does not answer leaves the job to a worker', async () => {
  const clock = slowClock();
  const deps = engine.deps(clock, ({ jobs }) => ({
    jobs: {
      ...jobs,
      write: (write) =>
        write.name === 'claim' ? Promise.reject(new Error('no answer')) : jobs.write(write),
    },
  }));
  const waiting = submitAndWait(deps, held({}), unending());
  await expect
    .poll(() => {
      clock.leap(1_000);
      return deps.logged;
    })
    .toContain('job.untaken');
  clock.leap(290_000);
  const job = await waiting;
  expect(job).toMatchObject({ status: 'queued', attempt: 0 });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'queued', strikes: 0 });
});
