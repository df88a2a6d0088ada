import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Upstreams } from '../../../lib/ports/upstreams.ts';
import { jobLedger } from '../../../lib/wire/job-ledger.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  only,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { type Switched, switched } from '../../fixtures/outage.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

type Place = {
  readonly clock: TestClock;
  readonly upstream: Switched;
  readonly deps: EngineDeps;
};

/** An engine whose one upstream is switched off, under health that nothing is known of. */
const place = (route: (upstream: Switched) => Upstreams = ({ server }) => only(server)): Place => {
  const clock = testClock();
  const upstream = switched(engine.server('chat'));
  const deps = engine.deps(clock, () => ({ upstreams: route(upstream) }));
  return { clock, upstream, deps };
};

/** Jobs fail at the upstream, one a second, until its circuit has opened. */
const untilOpen = async ({ clock, deps }: Place): Promise<void> => {
  while (!deps.logged.includes('circuit.opened')) {
    const job = await queuedJob(engine, deps);
    await work(deps, hint(job.id), unending());
    clock.leap(1_000);
  }
};

const inline = ({ deps }: Place, asked: Parameters<typeof submission>[0] = {}) =>
  submitAndWait(deps, submission(asked), unending());

test.each(['down', 'gone'] as const)(
  'with the circuit open (%s) a new inline request is told when to come back, and leaves no job',
  async (state) => {
    const at = place();
    at.upstream.become(state);
    await untilOpen(at);
    const before = await at.deps.jobs.list({
      tenant: 'acme',
      prefix: 'gen_',
      order: 'asc',
      after: undefined,
      limit: 100,
    });
    const calls = at.upstream.calls();
    for (const asked of [{}, { live: true }]) {
      await expect(inline(at, asked)).rejects.toMatchObject({
        code: 'upstream_unavailable',
        retryAfterMs: expect.toSatisfy((ms: number) => ms > 20_000 && ms <= 30_000),
      });
    }
    const after = await at.deps.jobs.list({
      tenant: 'acme',
      prefix: 'gen_',
      order: 'asc',
      after: undefined,
      limit: 100,
    });
    expect(after).toEqual(before);
    expect(at.upstream.calls()).toBe(calls);
  },
);

test('a queued job waits for the circuit on the due index, and loses nothing by it', async () => {
  const at = place();
  const { clock, upstream, deps } = at;
  await untilOpen(at);
  const job = await queuedJob(engine, deps);
  const calls = upstream.calls();
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  const waiting = await stored(deps, job.id);
  expect(waiting).toMatchObject({ status: 'queued', attempt: 0, strikes: 0, ledger: [] });
  expect(waiting.dueAtMs).toBe(waiting.notBeforeMs);
  expect(waiting.notBeforeMs).toBeGreaterThan(clock.nowMs());
  expect(jobLedger(waiting, 'https://example.com/result').waiting_for).toBe('circuit');
  expect(upstream.calls()).toBe(calls);

  // A message that is left over does not start it, nor does the sweep before its time.
  expect(await work(deps, hint(job.id), unending())).not.toMatchObject({ kind: 'unreadable' });
  expect(upstream.calls()).toBe(calls);

  upstream.become('up');
  clock.leap(60_000);
  await engine.takeMessages();
  await sweep(deps, unending());
  expect((await engine.takeMessages()).map(({ jobId }) => jobId)).toContain(job.id);
  await work(deps, hint(job.id), unending());
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'completed', attempt: 1 });
  expect(ended.waitingFor).toBeUndefined();
  expect(deps.logged).toContain('circuit.closed');
  expect(await inline(at)).toMatchObject({ status: 'completed' });
});

test('however often a job was deferred, a lost message is made up for after two minutes', async () => {
  const at = place();
  const { clock, deps } = at;
  await untilOpen(at);
  const job = await queuedJob(engine, deps);
  const gapsMs: number[] = [];
  while (gapsMs.length < 4) {
    await work(deps, hint(job.id), unending());
    const { epoch } = await stored(deps, job.id);
    clock.leap(60_000);
    // Somebody else's probe goes on failing.
    const other = await queuedJob(engine, deps);
    await work(deps, hint(other.id), unending());
    await sweep(deps, unending());
    const now = await stored(deps, job.id);
    if (now.epoch > epoch) gapsMs.push((now.dueAtMs ?? 0) - clock.nowMs());
  }
  expect(Math.max(...gapsMs)).toBeLessThanOrEqual(2 * 60_000);
});

test('once the time is over one job is the probe, and the others wait for what it says', async () => {
  const at = place();
  const { clock, upstream, deps } = at;
  await untilOpen(at);
  upstream.become('held');
  clock.leap(31_000);
  const ids = await Promise.all(Array.from({ length: 10 }, () => queuedJob(engine, deps)));
  const sandboxes = ids.map(({ id }) => ({ id, deps }));
  const worked = sandboxes.map(({ id }) => work(deps, hint(id), unending()));
  await expect.poll(() => upstream.open()).toBe(1);
  await expect.poll(() => deps.logged.filter((event) => event === 'job.deferred').length).toBe(9);
  await expect(inline(at)).rejects.toMatchObject({ code: 'upstream_unavailable' });
  expect(upstream.open()).toBe(1);
  upstream.become('up');
  await Promise.all(worked);
  expect(deps.logged).toContain('circuit.closed');
  const probe = (await Promise.all(ids.map(({ id }) => stored(deps, id)))).filter(
    ({ status }) => status === 'completed',
  );
  expect(probe).toHaveLength(1);
});

test('who was to be the probe and does not call after all leaves the place to the next', async () => {
  const at = place();
  const { clock, upstream, deps } = at;
  await untilOpen(at);
  upstream.become('up');
  clock.leap(31_000);
  const calls = upstream.calls();
  const job = await queuedJob(engine, deps);
  const ending = AbortSignal.abort('the function ends');
  expect(await work(deps, hint(job.id), ending)).toMatchObject({ kind: 'redeliver' });

  const claimedElsewhere = engine.deps(clock, ({ jobs }) => ({
    upstreams: deps.upstreams,
    health: deps.health,
    jobs: {
      ...jobs,
      write: async (write) => (write.name === 'claim' ? { kind: 'refused' } : jobs.write(write)),
    },
  }));
  expect(await work(claimedElsewhere, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });

  const unanswered = engine.deps(clock, ({ content }) => ({
    upstreams: deps.upstreams,
    health: deps.health,
    content: { ...content, getRequest: () => Promise.reject(new Error('no answer')) },
  }));
  await expect(work(unanswered, hint(job.id), unending())).rejects.toThrow();

  const unrecorded = engine.deps(clock, ({ jobs }) => ({
    upstreams: deps.upstreams,
    health: deps.health,
    jobs: { ...jobs, create: () => Promise.reject(new Error('no answer')) },
  }));
  await expect(inline({ ...at, deps: unrecorded })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(deps.logged).not.toContain('circuit.closed');
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 1 });
  expect(deps.logged).toContain('circuit.closed');
  expect(upstream.calls()).toBeGreaterThan(calls);
});

test('inline or queued, a job goes to the first upstream whose circuit is not open', async () => {
  const spare = engine.server('chat', 'spare');
  const model = 'demo-spare?tokens=12&rate=10000&first_ms=0';
  const at = place(({ server }) => ({
    ...only(server),
    route: (asked) => [
      { upstream: server, model: asked },
      { upstream: spare, model },
    ],
    named: (name) => [server, spare].find((one) => one.name === name),
    all: () => [server, spare],
  }));
  await untilOpen(at);
  const calls = at.upstream.calls();
  const job = await inline(at);
  expect(job).toMatchObject({
    status: 'completed',
    choice: 1,
    answeredBy: model,
    ledger: [{ attempt: 1, via: 'inline', upstream: 'spare', model }],
  });
  const { id } = await queuedJob(engine, at.deps);
  await work(at.deps, hint(id), unending());
  expect(await stored(at.deps, id)).toMatchObject({
    status: 'completed',
    choice: 1,
    ledger: [{ attempt: 1, via: 'worker', upstream: 'spare', model }],
  });
  expect(at.upstream.calls()).toBe(calls);
});

test('a model that fails bars no other, and a busy upstream bars none', async () => {
  const at = place();
  const { deps } = at;
  await untilOpen(at);
  at.upstream.become('up');
  expect(await inline(at, { controls: 'tokens=41&rate=10000' })).toMatchObject({
    status: 'completed',
  });

  const limited = engine.deps(testClock());
  for (let times = 0; times < 8; times += 1) {
    const job = await queuedJob(engine, limited, { controls: 'fault=429&retry_after=60' });
    await work(limited, hint(job.id), unending());
  }
  expect(limited.logged).not.toContain('circuit.opened');
  expect(deps.logged).toContain('circuit.opened');
});

test('without a token a call is not repeated at once, and a retry waits', async () => {
  const clock = testClock(0.01);
  const deps = engine.deps(clock);
  while ((await deps.health.mayCall('demo', 'any', 'retry')).kind === 'go') {
    // Spent by others.
  }
  const job = await queuedJob(engine, deps, {
    controls: 'tokens=4&fault=503&retry_after_ms=50&times=1&key=withheld',
  });
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  expect(deps.logged).not.toContain('call.repeated');
  clock.leap(3_000);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  const waiting = await stored(deps, job.id);
  expect(waiting).toMatchObject({
    status: 'queued',
    attempt: 1,
    strikes: 1,
    waitingFor: 'retry_budget',
  });
  clock.leap(60_000);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('an attempt that was lost is no retry', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  while ((await deps.health.mayCall('demo', 'any', 'retry')).kind === 'go') {
    // Spent by others.
  }
  const promoted = await submitAndWait(
    deps,
    submission({ controls: 'tokens=400&rate=400', waitMs: 300 }),
    unending(),
  );
  expect(promoted.ledger).toMatchObject([{ outcome: 'promoted' }]);
  await work(deps, hint(promoted.id), unending());
  expect(await stored(deps, promoted.id)).toMatchObject({ status: 'completed', attempt: 2 });
});

test('a deferral that leaves no time before the deadline fails the job now, with its last failure', async () => {
  const at = place();
  const { deps, clock, upstream } = at;
  const tried = await queuedJob(engine, deps, { deadlineMs: 25_000 });
  await work(deps, hint(tried.id), unending());
  await untilOpen(at);
  const calls = upstream.calls();
  const fresh = await queuedJob(engine, deps, { deadlineMs: 25_000 });
  clock.leap(1_000);
  for (const { id } of [tried, fresh]) await work(deps, hint(id), unending());
  expect(await stored(deps, tried.id)).toMatchObject({
    status: 'failed',
    error: {
      code: 'deadline_exceeded',
      message: expect.stringContaining('The last attempt failed: The server fails.'),
    },
  });
  expect(await stored(deps, fresh.id)).toMatchObject({
    status: 'failed',
    ledger: [],
    error: { code: 'deadline_exceeded', message: expect.stringContaining('keeps failing') },
  });
  expect(upstream.calls()).toBe(calls);
});
