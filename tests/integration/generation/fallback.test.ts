import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import type { UpstreamServer, Upstreams } from '../../../lib/ports/upstreams.ts';
import { jobLedger } from '../../../lib/wire/job-ledger.ts';
import {
  type Engine,
  type EngineDeps,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, shownText, stored, workOff } from '../../fixtures/engine-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterEach(() => engine.takeMessages());
afterAll(() => engine.close());

const spare = 'demo-spare?tokens=12&rate=10000&first_ms=0';

/** Any model at the first upstream, then the spare model at the second. */
const withSpare = (first: UpstreamServer, second: UpstreamServer): Upstreams => ({
  defaultModel: 'demo',
  route: (model) => [
    { upstream: first, model },
    { upstream: second, model: spare },
  ],
  named: (name) => [first, second].find((one) => one.name === name),
  all: () => [first, second],
});

const depsWith = (
  clock: TestClock,
  make: (first: UpstreamServer) => UpstreamServer = (first) => first,
  protocol: 'chat' | 'responses' = 'chat',
): EngineDeps => {
  const first = make(engine.server(protocol, 'first'));
  const upstreams = withSpare(first, engine.server('chat', 'second'));
  return engine.deps(clock, () => ({ upstreams }));
};

test('once its attempts are spent the next upstream answers, and the answer says so', async () => {
  const clock = testClock();
  const deps = depsWith(clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'fault=500' });
  expect(job.model).toContain('fault=500');
  expect(await workOff(deps, clock, job.id)).toBe(5);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'completed', attempt: 5, answeredBy: spare, choice: 1 });
  const { attempts, answered_by } = jobLedger(ended, 'https://example.com/result');
  expect(answered_by).toBe(spare);
  expect(attempts.map(({ upstream, model }) => [upstream, model])).toEqual([
    ...Array.from({ length: 4 }, () => ['first', job.model]),
    ['second', spare],
  ]);
  const generations = await engine.generations(prompt);
  expect(generations.map(({ outcome }) => outcome)).toEqual([
    ...Array.from({ length: 4 }, () => 'fault:500'),
    'finished',
  ]);
  expect(await shownText(deps, job.id)).toBe(generations[4]?.text);
});

test('a fallback has attempts of its own, and then the job has failed', async () => {
  const clock = testClock();
  const deps = depsWith(clock);
  const second = deps.upstreams.named('second');
  if (second === undefined) throw new Error('There is no second upstream.');
  const failing: UpstreamServer = {
    ...second,
    // biome-ignore lint/correctness/useYield: It fails before its first event.
    async *open() {
      throw new Fault('upstream_unavailable', 'Busy.', { retry: { kind: 'later', afterMs: 0 } });
    },
  };
  const upstreams = withSpare(engine.server('chat', 'first'), failing);
  const job = await queuedJob(engine, deps, { controls: 'fault=500' });
  expect(await workOff({ ...deps, upstreams }, clock, job.id)).toBe(8);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    attempt: 8,
    strikes: 4,
    error: { code: 'upstream_unavailable' },
  });
});

test.each(['400', 'content_policy', 'insufficient_quota', '401'])(
  'a failure that no repetition mends (%s) is not put to a fallback',
  async (fault) => {
    const clock = testClock();
    const deps = depsWith(clock);
    const prompt = newPrompt();
    const job = await queuedJob(engine, deps, { prompt, controls: `fault=${fault}` });
    expect(await workOff(deps, clock, job.id)).toBe(1);
    expect(await stored(deps, job.id)).toMatchObject({ status: 'failed', attempt: 1 });
    expect(await engine.generations(prompt)).toHaveLength(1);
  },
);

test('an inline job whose attempts are spent is finished by the fallback', async () => {
  const clock = testClock();
  const deps = depsWith(clock);
  const prompt = newPrompt();
  const asked = submission({ prompt, controls: 'fault=500', waitMs: 300 });
  const job = await submitAndWait(deps, asked, unending());
  await workOff(deps, clock, job.id);
  clock.leap(600_000);
  await workOff(deps, clock, job.id);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', answeredBy: spare });
});

test('what still runs at the first upstream is stopped before the fallback is asked', async () => {
  const clock = testClock();
  const cut = () => new Fault('upstream_cut', 'Cut.', { retry: { kind: 'later', afterMs: 0 } });
  const deps = depsWith(
    clock,
    (first) => ({
      ...first,
      async *open(call, signal) {
        for await (const event of first.open(call, signal)) {
          yield event;
          throw cut();
        }
      },
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *resume() {
        throw cut();
      },
      retrieve: async () => {
        throw cut();
      },
    }),
    'responses',
  );
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls: 'tokens=400&rate=20' });
  expect(await workOff(deps, clock, job.id)).toBe(5);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'completed',
    answeredBy: spare,
    segments: [],
  });
  expect(await engine.generations(prompt)).toMatchObject([
    { background: true, outcome: 'cancelled' },
    { background: false, outcome: 'finished' },
  ]);
  expect(await shownText(deps, job.id)).toBe((await engine.generations(prompt))[1]?.text);
});
