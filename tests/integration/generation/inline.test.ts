import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewJob } from '../../../lib/generation/read.ts';
import { submitAndWait as submit } from '../../../lib/generation/submit-and-wait.ts';
import { work } from '../../../lib/generation/work.ts';
import {
  type Engine,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { shownText, watchedJobs } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('a short generation is answered within its call, with two writes of the job in all', async () => {
  const writes: string[] = [];
  const clock = testClock();
  const deps = engine.deps(clock, ({ jobs }) => ({
    jobs: watchedJobs(jobs, (name) => {
      writes.push(name);
    }),
  }));
  const prompt = newPrompt();
  const job = await submit(deps, submission({ prompt }), unending());
  expect(writes).toEqual(['create', 'settle']);
  expect(job).toMatchObject({
    status: 'completed',
    attempt: 1,
    strikes: 1,
    usage: { output_tokens: 40 },
    ledger: [{ attempt: 1, via: 'inline', upstream: 'demo', outcome: 'completed' }],
  });
  expect(job.dueAtMs).toBeUndefined();
  expect(await deps.jobs.load(job.id, 'strong')).toEqual(job);
  const [generation, ...others] = await engine.generations(prompt);
  expect(others).toEqual([]);
  expect(await shownText(deps, job.id)).toBe(generation?.text);
  expect(clock.sleeping()).toBe(0);
  expect(await engine.takeMessages()).toEqual([]);
});

test('a generation that reaches its token limit is incomplete and keeps its text', async () => {
  const deps = engine.deps();
  const prompt = newPrompt();
  const job = await submit(deps, submission({ prompt, maxOutputTokens: 12 }), unending());
  expect(job).toMatchObject({ status: 'incomplete', usage: { output_tokens: 12 } });
  const view = await viewJob(deps, job);
  expect(view).toMatchObject({ kind: 'finished', final: { finishReason: 'length' } });
  expect(await shownText(deps, job.id)).toBe((await engine.generations(prompt))[0]?.text);
});

test('a generation that outlasts its wait is handed to a worker, which starts it afresh', async () => {
  const deps = engine.deps(testClock(10));
  const prompt = newPrompt();
  const asked = submission({ prompt, waitMs: 12_000, controls: 'tokens=200&rate=100' });
  const promoted = await submit(deps, asked, unending());
  expect(promoted).toMatchObject({ status: 'queued', attempt: 1, strikes: 0, epoch: 1 });
  expect(promoted.dueAtMs).toBeDefined();
  expect(await engine.takeMessages()).toEqual([{ v: 1, jobId: promoted.id, epoch: 1 }]);
  expect(await engine.generations(prompt)).toMatchObject([{ outcome: 'client_gone' }]);
  const shownBefore = await shownText(deps, promoted.id);
  expect(shownBefore).not.toBe('');

  expect(await work(deps, hint(promoted.id), unending())).toEqual({ kind: 'acknowledge' });
  const ended = await deps.jobs.load(promoted.id, 'strong');
  expect(ended).toMatchObject({
    status: 'completed',
    attempt: 2,
    ledger: [
      { via: 'inline', outcome: 'promoted' },
      { via: 'worker', outcome: 'completed' },
    ],
  });
  const [first, second, ...others] = await engine.generations(prompt);
  expect(others).toEqual([]);
  expect(first?.open).toBe(false);
  expect(second).toMatchObject({ outcome: 'finished' });
  expect(await shownText(deps, promoted.id)).toBe(second?.text);
  expect(ended?.segments.every(({ attempt }) => attempt === 2)).toBe(true);
});

test('a deadline of a millisecond fails the job and costs nothing', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await submit(deps, submission({ prompt, deadlineMs: 1 }), unending());
  expect(job).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
  expect(await engine.generations(prompt)).toEqual([]);
  expect(clock.sleeping()).toBe(0);
});

test('a deadline that passes in mid-generation ends it and keeps what was put out', async () => {
  const clock = testClock(10);
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const asked = submission({ prompt, deadlineMs: 5_000, controls: 'tokens=500&rate=100' });
  const job = await submit(deps, asked, unending());
  expect(job).toMatchObject({
    status: 'failed',
    error: { code: 'deadline_exceeded', httpStatus: 503 },
    ledger: [{ outcome: 'failed', errorCode: 'deadline_exceeded' }],
  });
  expect(job.dueAtMs).toBeUndefined();
  const [generation] = await engine.generations(prompt);
  expect(generation).toMatchObject({ open: false, outcome: 'client_gone' });
  const text = await shownText(deps, job.id);
  expect(text.length).toBeGreaterThan(0);
  expect(generation?.text.startsWith(text)).toBe(true);
  expect(clock.sleeping()).toBe(0);
});

test('the end of the function promotes an inline generation', async () => {
  const deps = engine.deps();
  const ending = new AbortController();
  const prompt = newPrompt();
  const asked = submission({ prompt, controls: 'tokens=500&rate=50' });
  const submitted = submit(deps, asked, ending.signal);
  const generated = async () => (await engine.generations(prompt))[0]?.text.length ?? 0;
  await expect.poll(generated).toBeGreaterThan(60);
  ending.abort();
  expect(await submitted).toMatchObject({ status: 'queued', strikes: 0 });
  await engine.takeMessages();
});

test('an inline attempt that fails is finished by a worker within the same wait', async () => {
  const deps = engine.deps(testClock(10), ({ ids }) => ({ ids: { ...ids, random: () => 0 } }));
  const prompt = newPrompt();
  const controls = 'tokens=40&rate=10000&fault=500&times=1';
  const submitted = submit(deps, submission({ prompt, controls, waitMs: 100_000 }), unending());
  let message = (await engine.takeMessages())[0];
  await expect
    .poll(
      async () => {
        message ??= (await engine.takeMessages())[0];
        return message?.epoch;
      },
      { timeout: 60_000 },
    )
    .toBe(1);
  await work(deps, hint(message?.jobId ?? ''), unending());
  expect(await submitted).toMatchObject({
    status: 'completed',
    attempt: 2,
    strikes: 2,
    ledger: [{ outcome: 'requeued', errorCode: 'upstream_error' }, { outcome: 'completed' }],
  });
});
