import { DeleteItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { submit } from '../../../lib/generation/submit.ts';
import { viewJob } from '../../../lib/generation/read.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const queued = async (
  deps: EngineDeps,
  controls: string,
  asked: Parameters<typeof submission>[0] = {},
): Promise<Job> => {
  const job = await submit(
    deps,
    submission({ controls, respondAsync: true, waitMs: 0, ...asked }),
    unending(),
  );
  await engine.takeMessages();
  return job;
};

const stored = async (deps: EngineDeps, id: string): Promise<Job> => {
  const job = await deps.jobs.load(id, 'strong');
  if (job === undefined) throw new Error('no such job');
  return job;
};

/** Works a job off as its message would have it, without the waits; returns how often. */
const workOff = async (deps: EngineDeps, clock: TestClock, id: string): Promise<number> => {
  for (let times = 1; ; times += 1) {
    const fate = await work(deps, hint(id), unending());
    if (fate.kind === 'acknowledge') return times;
    clock.leap(fate.afterMs);
  }
};

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

test('a failure that may pass is tried again after its backoff, then succeeds', async () => {
  const clock = testClock();
  const deps = engine.deps(clock, ({ ids }) => ({ ids: { ...ids, random: () => 0.9 } }));
  const prompt = newPrompt();
  const job = await queued(deps, 'tokens=40&rate=10000&fault=500&times=1', { prompt });
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

test('an upstream that fails for ever is asked four times, and its cause is told', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await queued(deps, 'fault=500', { prompt });
  expect(await workOff(deps, clock, job.id)).toBe(4);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({
    status: 'failed',
    attempt: 4,
    error: { code: 'upstream_error', message: 'The upstream failed (500). (after 4 attempts)' },
  });
  expect(ended.ledger.map(({ outcome }) => outcome)).toEqual([
    'requeued',
    'requeued',
    'requeued',
    'failed',
  ]);
  expect(ended.dueAtMs).toBeUndefined();
  expect(await engine.generations(prompt)).toHaveLength(4);
});

test.each([
  ['cut', 'upstream_cut'],
  ['end', 'upstream_cut'],
  ['malformed', 'upstream_malformed'],
  ['error_event', 'upstream_error'],
  ['reset', 'upstream_cut'],
  ['html', 'upstream_error'],
])(
  'a generation that meets %s for ever fails as %s, with the text of one attempt',
  async (fault, code) => {
    const clock = testClock();
    const deps = engine.deps(clock);
    const prompt = newPrompt();
    const job = await queued(deps, `tokens=40&rate=10000&fault=${fault}`, { prompt });
    expect(await workOff(deps, clock, job.id)).toBe(4);
    const ended = await stored(deps, job.id);
    expect(ended).toMatchObject({ status: 'failed', attempt: 4, error: { code } });
    const generations = await engine.generations(prompt);
    const view = await viewJob(deps, ended);
    expect(view.kind).toBe('unfinished');
    const text = view.kind === 'unfinished' ? view.partialText : '';
    expect(generations.at(-1)?.text.startsWith(text)).toBe(true);
    if (fault === 'cut' || fault === 'end') expect(text).toBe(generations.at(-1)?.text);
  },
);

test.each([
  ['400', 'invalid_request'],
  ['422', 'invalid_request'],
  ['context_length', 'context_length_exceeded'],
  ['content_policy', 'content_policy_violation'],
  ['insufficient_quota', 'insufficient_quota'],
  ['should_retry_false', 'upstream_error'],
  ['401', 'upstream_credentials'],
  ['403', 'upstream_credentials'],
])('a refusal by the upstream (%s) fails the job at once as %s', async (fault, code) => {
  const deps = engine.deps();
  const prompt = newPrompt();
  const job = await queued(deps, `fault=${fault}`, { prompt });
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', attempt: 1, error: { code } });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('a short Retry-After before any output is waited for inside the attempt, once', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const controls = 'tokens=40&rate=10000&fault=429&retry_after_ms=50&times=1';
  const job = await queued(deps, controls, { prompt });
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(await engine.generations(prompt)).toHaveLength(2);

  const forEver = newPrompt();
  const refused = await queued(deps, 'fault=503&retry_after_ms=50', { prompt: forEver });
  expect(await work(deps, hint(refused.id), unending())).toMatchObject({ kind: 'redeliver' });
  expect(await engine.generations(forEver)).toHaveLength(2);
});

test('a Retry-After of minutes is honoured by the message, one of hours by the due time', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const minutes = await queued(deps, 'fault=429&retry_after=300&times=1');
  const fate = await work(deps, hint(minutes.id), unending());
  expect(fate).toEqual({ kind: 'redeliver', afterMs: 300_000 });

  const hours = await queued(deps, 'fault=429&retry_after=1800&times=1');
  expect(await work(deps, hint(hours.id), unending())).toEqual({ kind: 'acknowledge' });
  const waiting = await stored(deps, hours.id);
  expect(waiting.status).toBe('queued');
  expect(waiting.dueAtMs).toBe(waiting.notBeforeMs);
  expect(waiting.notBeforeMs - clock.nowMs()).toBeGreaterThan(1_790_000);
});

test('a Retry-After beyond the deadline fails the job with the upstream named', async () => {
  const deps = engine.deps();
  const job = await queued(deps, 'fault=429&retry_after=300', { deadlineMs: 200_000 });
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
  const job = await queued(deps, 'tokens=4&rate=10000&fault=429&retry_after=300&times=1', {
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

test('a deadline that passes while the job is queued or backs off ends it without another call', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const waiting = await queued(deps, 'tokens=4', { prompt, deadlineMs: 60_000 });
  clock.leap(60_001);
  expect(await work(deps, hint(waiting.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, waiting.id)).toMatchObject({
    status: 'failed',
    attempt: 0,
    error: { code: 'deadline_exceeded' },
  });
  expect(await engine.generations(prompt)).toEqual([]);

  const backing = await queued(deps, 'fault=429&retry_after=50', { deadlineMs: 60_000 });
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
  const job = await queued(deps, 'tokens=500&rate=50', { prompt });
  const ending = new AbortController();
  const worked = work(deps, hint(job.id), ending.signal);
  setTimeout(() => ending.abort(), 400);
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
  const job = await queued(deps, 'tokens=4');
  expect(await work(deps, hint(job.id), AbortSignal.abort())).toMatchObject({ kind: 'redeliver' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'queued', attempt: 0, strikes: 0 });
});

test('a function that ends while the attempt waits for its quick repetition leaves it to the queue', async () => {
  const deps = engine.deps();
  const job = await queued(deps, 'fault=503&retry_after_ms=1500');
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

test('a message for a job that is gone, has ended or is running starts nothing', async () => {
  const deps = engine.deps();
  expect(await work(deps, hint('gen_none'), unending())).toEqual({ kind: 'acknowledge' });
  const prompt = newPrompt();
  const job = await queued(deps, 'tokens=60&rate=100', { prompt });
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
  const job = await queued(deps, 'tokens=40&rate=1000', { prompt });
  const fates = await Promise.all(
    Array.from({ length: 5 }, () => work(deps, hint(job.id), unending())),
  );
  expect(fates).toEqual(fates.map(() => ({ kind: 'acknowledge' })));
  expect(await engine.generations(prompt)).toHaveLength(1);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
});

test('a job whose stored request is gone fails, without a call', async () => {
  const deps = engine.deps();
  const prompt = newPrompt();
  const job = await queued(deps, 'tokens=4', { prompt });
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

test('an upstream that ends without an event has failed', async () => {
  const clock = testClock();
  const deps = engine.deps(clock, ({ upstream }) => ({
    upstream: {
      ...upstream,
      async *generate() {
        // Nothing comes.
      },
    },
  }));
  const job = await queued(deps, 'tokens=4');
  expect(await workOff(deps, clock, job.id)).toBe(4);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    error: { code: 'upstream_cut' },
  });
});

test('an upstream that stalls is given up, and nothing of the attempt is left behind', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await queued(deps, 'tokens=40&rate=10000&fault=stall&times=1', { prompt });
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  expect((await stored(deps, job.id)).ledger).toMatchObject([{ errorCode: 'upstream_stalled' }]);
  expect(clock.sleeping()).toBe(0);
  await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
});

test("a fault that is nobody's is told without its text", async () => {
  const clock = testClock();
  const deps = engine.deps(clock, ({ upstream }) => ({
    upstream: {
      ...upstream,
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *generate() {
        throw new TypeError('secret internals');
      },
    },
  }));
  const job = await queued(deps, 'tokens=4');
  await workOff(deps, clock, job.id);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'internal_error' } });
  expect(JSON.stringify(ended)).not.toContain('secret internals');
});
