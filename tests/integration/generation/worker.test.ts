import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
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
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('a request that is to be answered later is queued, with a message and without a prompt in it', async () => {
  const deps = engine.deps();
  const asked = submission({ respondAsync: true, waitMs: 0 });
  const job = await submit(deps, asked, unending());
  expect(job).toMatchObject({ status: 'queued', attempt: 0, strikes: 0, epoch: 1, ledger: [] });
  expect(job.dueAtMs).toBeDefined();
  expect(await engine.takeMessages()).toEqual([{ v: 1, jobId: job.id, epoch: 1 }]);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'completed',
    attempt: 1,
    ledger: [{ via: 'worker', outcome: 'completed' }],
  });
});

test('a queued job that is done within the wait is the answer', async () => {
  const deps = engine.deps();
  const asked = submission({ respondAsync: true, waitMs: 10_000 });
  const submitted = submit(deps, asked, unending());
  let id: string | undefined;
  await expect
    .poll(async () => {
      id ??= (await engine.takeMessages())[0]?.jobId;
      return id;
    })
    .toBeDefined();
  await work(deps, hint(id ?? ''), unending());
  expect(await submitted).toMatchObject({ id, status: 'completed' });
});

test('a message for a job that is gone, has ended or is running starts nothing', async () => {
  const deps = engine.deps();
  expect(await work(deps, hint('gen_none'), unending())).toEqual({ kind: 'acknowledge' });
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { controls: 'tokens=60&rate=100', prompt });
  const running = work(deps, hint(job.id), unending());
  await expect.poll(async () => (await stored(deps, job.id)).status).toBe('in_progress');
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  await running;
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('of workers that get the same message at once, one calls the upstream', async () => {
  const deps = engine.deps();
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { controls: 'tokens=40&rate=1000', prompt });
  const fates = await Promise.all(
    Array.from({ length: 5 }, () => work(deps, hint(job.id), unending())),
  );
  expect(fates).toEqual(fates.map(() => ({ kind: 'acknowledge' })));
  expect(await engine.generations(prompt)).toHaveLength(1);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('a deadline that passes while the job is queued or backs off ends it without another call', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const waiting = await queuedJob(engine, deps, {
    controls: 'tokens=4',
    prompt,
    deadlineMs: 60_000,
  });
  clock.leap(60_001);
  expect(await work(deps, hint(waiting.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, waiting.id)).toMatchObject({
    status: 'failed',
    attempt: 0,
    error: { code: 'deadline_exceeded' },
  });
  expect(await engine.generations(prompt)).toEqual([]);

  const backing = await queuedJob(engine, deps, {
    controls: 'fault=429&retry_after=50',
    deadlineMs: 60_000,
  });
  expect(await work(deps, hint(backing.id), unending())).toMatchObject({ kind: 'redeliver' });
  clock.leap(60_001);
  await work(deps, hint(backing.id), unending());
  expect(await stored(deps, backing.id)).toMatchObject({
    status: 'failed',
    attempt: 1,
    error: { code: 'deadline_exceeded', message: expect.stringContaining('(429)') },
  });
});

test('a generation that still runs when the function ends is too long, and is not paid again', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { controls: 'tokens=500&rate=50', prompt });
  const ending = new AbortController();
  const worked = work(deps, hint(job.id), ending.signal);
  const generated = async () => (await engine.generations(prompt))[0]?.text.length ?? 0;
  await expect.poll(generated).toBeGreaterThan(60);
  ending.abort();
  expect(await worked).toEqual({ kind: 'acknowledge' });
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'generation_too_long' } });
  const [generation, ...others] = await engine.generations(prompt);
  expect(others).toEqual([]);
  expect(generation).toMatchObject({ outcome: 'client_gone' });
  const view = await viewJob(deps, ended);
  expect(view.kind === 'unfinished' && view.partialText !== '').toBe(true);
  expect(clock.sleeping()).toBe(0);
});

test('a function that has no time left does not claim a job', async () => {
  const deps = engine.deps();
  const job = await queuedJob(engine, deps, { controls: 'tokens=4' });
  expect(await work(deps, hint(job.id), AbortSignal.abort())).toMatchObject({ kind: 'redeliver' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'queued', attempt: 0, strikes: 0 });
});

test('a job whose stored request is gone fails, without a call', async () => {
  const deps = engine.deps();
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { controls: 'tokens=4', prompt });
  await engine.table.client.send(
    new DeleteItemCommand({
      TableName: engine.table.tableName,
      Key: { pk: { S: job.id }, sk: { S: `req#${job.upload}#0` } },
    }),
  );
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'item_unreadable' } });
  expect(await engine.generations(prompt)).toEqual([]);
});
