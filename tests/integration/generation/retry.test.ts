import { afterAll, beforeAll, expect, test } from 'vitest';
import { work } from '../../../lib/generation/work.ts';
import { type Engine, hint, newPrompt, startEngine, unending } from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('a failure that may pass is tried again after its backoff, then succeeds', async () => {
  const clock = testClock();
  const deps = engine.deps(clock, ({ ids }) => ({ ids: { ...ids, random: () => 0.9 } }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, {
    controls: 'tokens=40&rate=10000&fault=500&times=1',
    prompt,
  });
  const fate = await work(deps, hint(job.id), unending());
  expect(fate).toEqual({ kind: 'redeliver', afterMs: 900 });
  const waiting = await stored(deps, job.id);
  expect(waiting).toMatchObject({ status: 'queued', attempt: 1, strikes: 1, epoch: 1 });
  expect(waiting.dueAtMs).toBeGreaterThanOrEqual(waiting.notBeforeMs);
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  expect(await engine.generations(prompt)).toHaveLength(1);
  clock.leap(900);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('a short Retry-After before any output is waited for inside the attempt, once', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const controls = 'tokens=40&rate=10000&fault=429&retry_after_ms=50&times=1';
  const job = await queuedJob(engine, deps, { controls, prompt });
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await engine.generations(prompt)).toHaveLength(2);

  const forEver = newPrompt();
  const refused = await queuedJob(engine, deps, {
    controls: 'fault=503&retry_after_ms=50',
    prompt: forEver,
  });
  expect(await work(deps, hint(refused.id), unending())).toMatchObject({ kind: 'redeliver' });
  expect(await engine.generations(forEver)).toHaveLength(2);
});

test('a Retry-After of minutes is honoured by the message, one of hours by the due time', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const minutes = await queuedJob(engine, deps, { controls: 'fault=429&retry_after=300&times=1' });
  const fate = await work(deps, hint(minutes.id), unending());
  expect(fate).toEqual({ kind: 'redeliver', afterMs: 300_000 });

  const hours = await queuedJob(engine, deps, { controls: 'fault=429&retry_after=1800&times=1' });
  expect(await work(deps, hint(hours.id), unending())).toEqual({ kind: 'acknowledge' });
  const waiting = await stored(deps, hours.id);
  expect(waiting.status).toBe('queued');
  expect(waiting.dueAtMs).toBe(waiting.notBeforeMs);
  expect(waiting.notBeforeMs - clock.nowMs()).toBeGreaterThan(1_790_000);
});

test('a Retry-After beyond the deadline fails the job with the upstream named', async () => {
  const deps = engine.deps();
  const job = await queuedJob(engine, deps, {
    controls: 'fault=429&retry_after=300',
    deadlineMs: 200_000,
  });
  await work(deps, hint(job.id), unending());
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({
    status: 'failed',
    error: {
      code: 'deadline_exceeded',
      message: expect.stringContaining('The upstream limits the rate of requests (429).'),
    },
  });
});

test('a message that comes too early does not start the job', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, {
    controls: 'tokens=4&rate=10000&fault=429&retry_after=300&times=1',
    prompt,
  });
  await work(deps, hint(job.id), unending());
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  clock.leap(270_000);
  const fate = await work(deps, hint(job.id), unending());
  expect(fate).toMatchObject({ kind: 'redeliver' });
  expect(await engine.generations(prompt)).toHaveLength(1);
  clock.leap(fate.kind === 'redeliver' ? fate.afterMs : 0);
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('a function that ends while the attempt waits for its quick repetition leaves it to the queue', async () => {
  const deps = engine.deps();
  const job = await queuedJob(engine, deps, { controls: 'fault=503&retry_after_ms=1500' });
  const ending = new AbortController();
  const worked = work(deps, hint(job.id), ending.signal);
  await expect.poll(() => deps.logged.includes('call.repeated')).toBe(true);
  ending.abort();
  expect(await worked).toMatchObject({ kind: 'redeliver' });
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'queued',
    ledger: [{ outcome: 'requeued', errorCode: 'upstream_unavailable' }],
  });
});
