import { afterAll, beforeAll, expect, test } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Clock } from '../../../lib/ports/system.ts';
import { adoptableWith, expectWhole } from '../../fixtures/adoptable.ts';
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

/** An upstream whose first word is on its way: the generation has begun, and nobody knows its id yet. */
const lateWord = (clock: Clock) => {
  const begun = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<void>();
  const deps = adoptableWith(engine, clock, (real) => ({
    async *open(call, signal) {
      let isFirst = true;
      for await (const event of real.open(call, signal)) {
        if (isFirst) {
          begun.resolve();
          const closed = Promise.withResolvers<never>();
          signal.addEventListener('abort', () => closed.reject(signal.reason), { once: true });
          await Promise.race([heard.promise, closed.promise]);
        }
        isFirst = false;
        yield event;
      }
    },
  }));
  return { deps, begun: begun.promise, tell: heard.resolve };
};

const longPrompt = async (deps: EngineDeps) => {
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=120&rate=60' });
  return { prompt, job };
};

test('a function that ends before a generation’s first event has it gone on with, not paid again', async () => {
  // The patience is longer than any machine is slow.
  const { deps, begun, tell } = lateWord(testClock(0.01));
  const { prompt, job } = await longPrompt(deps);
  const ending = new AbortController();
  const working = work(deps, hint(job.id), ending.signal);
  await begun;
  ending.abort('the function ends');
  tell();
  await working;
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'queued',
    upstreamId: expect.any(String),
    ledger: [{ outcome: 'promoted' }],
  });
  await work(deps, hint(job.id), unending());
  await expectWhole(engine, deps, job.id, prompt);
});

test('a job that is cancelled before its generation’s first event has it stopped', async () => {
  const { deps, begun, tell } = lateWord(testClock());
  const { prompt, job } = await longPrompt(deps);
  const working = work(deps, hint(job.id), unending());
  await begun;
  await cancelJob(deps, await stored(deps, job.id));
  tell();
  await working;
  expect(await engine.generations(prompt)).toMatchObject([{ outcome: 'cancelled' }]);
});

test('one whose first event never comes keeps nobody', async () => {
  const clock = testClock(0.01);
  const { deps, begun } = lateWord(clock);
  const { job } = await longPrompt(deps);
  const ending = new AbortController();
  const working = work(deps, hint(job.id), ending.signal);
  await begun;
  ending.abort('the function ends');
  clock.leap(1_000);
  await working;
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    error: { code: 'generation_too_long' },
  });
});
