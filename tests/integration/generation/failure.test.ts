import { afterAll, beforeAll, expect, test } from 'vitest';
import { viewJob } from '../../../lib/generation/read.ts';
import { work } from '../../../lib/generation/work.ts';
import {
  changed,
  type Engine,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored, workOff } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('an upstream that fails for ever is asked four times, and its cause is told', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { controls: 'fault=500', prompt });
  expect(await workOff(deps, clock, job.id)).toBe(4);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({
    status: 'failed',
    attempt: 4,
    error: { code: 'upstream_error', message: 'The upstream failed (500) (after 4 attempts).' },
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
    const job = await queuedJob(engine, deps, {
      controls: `tokens=40&rate=10000&fault=${fault}`,
      prompt,
    });
    expect(await workOff(deps, clock, job.id)).toBe(4);
    const ended = await stored(deps, job.id);
    expect(ended).toMatchObject({ status: 'failed', attempt: 4, error: { code } });
    const generations = await engine.generations(prompt);
    const view = await viewJob(deps, ended);
    expect(view.kind).toBe('unfinished');
    const text = view.kind === 'unfinished' ? view.partialText : '';
    expect(generations.at(-1)?.text.startsWith(text)).toBe(true);
    // What had come in and was not yet read when the connection broke is nobody's.
    if (fault === 'cut') expect(text).not.toBe('');
    if (fault === 'end') expect(text).toBe(generations.at(-1)?.text);
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
  const job = await queuedJob(engine, deps, { controls: `fault=${fault}`, prompt });
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', attempt: 1, error: { code } });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('an upstream that ends without an event has failed', async () => {
  const clock = testClock();
  const deps = engine.deps(clock, (real) =>
    changed(real, () => ({
      async *open() {
        // Nothing comes.
      },
    })),
  );
  const job = await queuedJob(engine, deps, { controls: 'tokens=4' });
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
  const job = await queuedJob(engine, deps, {
    controls: 'tokens=40&rate=10000&fault=stall&times=1',
    prompt,
  });
  expect(await work(deps, hint(job.id), unending())).toMatchObject({ kind: 'redeliver' });
  expect((await stored(deps, job.id)).ledger).toMatchObject([{ errorCode: 'upstream_stalled' }]);
  expect(clock.sleeping()).toBe(0);
  await expect.poll(async () => (await engine.generations(prompt))[0]?.open).toBe(false);
});

test("a fault that is nobody's is told without its text", async () => {
  const clock = testClock();
  const deps = engine.deps(clock, (real) =>
    changed(real, () => ({
      // biome-ignore lint/correctness/useYield: It fails before its first event.
      async *open() {
        throw new TypeError('secret internals');
      },
    })),
  );
  const job = await queuedJob(engine, deps, { controls: 'tokens=4' });
  await workOff(deps, clock, job.id);
  const ended = await stored(deps, job.id);
  expect(ended).toMatchObject({ status: 'failed', error: { code: 'internal_error' } });
  expect(JSON.stringify(ended)).not.toContain('secret internals');
});
