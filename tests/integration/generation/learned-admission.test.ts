import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoDurations } from '../../../lib/adapters/dynamo-durations.ts';
import { modelDurations } from '../../../lib/generation/model-durations.ts';
import { submitAndWait as submit } from '../../../lib/generation/submit-and-wait.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import { durationEvidence, shortEvidence } from '../../../lib/limits.ts';
import type { UpstreamServer } from '../../../lib/ports/upstreams.ts';
import { jobLedger } from '../../../lib/wire/job-ledger.ts';
import {
  type Engine,
  type EngineDeps,
  newPrompt,
  only,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';
import { waitFor } from '../../fixtures/wait-for.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

/** A sandbox that learns of an upstream nobody else speaks of. */
const learning = (
  protocol: 'chat' | 'responses' = 'chat',
  clock = testClock(),
  changes: Partial<EngineDeps> = {},
): EngineDeps & { readonly upstream: UpstreamServer } => {
  const upstream = engine.server(protocol, `demo-${randomBytes(6).toString('hex')}`);
  const deps = engine.deps(clock, (real) => ({
    upstreams: only(upstream),
    durations: modelDurations({
      ...real,
      store: dynamoDurations(engine.table.client, engine.table.tableName, clock, 30_000),
    }),
    admitUnseen: 'queued',
    ...changes,
  }));
  return { ...deps, upstream };
};

const model = 'demo?first_ms=0&tokens=40&rate=10000';

const teach = async (
  { durations, upstream }: ReturnType<typeof learning>,
  ms: number,
  of = model,
  count = durationEvidence,
): Promise<void> => {
  for (let times = 0; times < count; times += 1) {
    await durations.saw(upstream.name, of, { ms, isWhole: true, maxOutputTokens: undefined });
  }
};

/** Works off the next message that comes. */
const workNext = async (deps: EngineDeps): Promise<void> => {
  const messages = await waitFor(
    () => engine.takeMessages(),
    ({ length }) => length > 0,
    60_000,
  );
  for (const message of messages) await work(deps, message, unending());
};

const admissionOf = (job: Job) => jobLedger(job, '').admission;

test('what was never seen goes to a worker, and runs inline once workers have seen it fit', async () => {
  const deps = learning();
  for (let times = 0; times < durationEvidence; times += 1) {
    const [job] = await Promise.all([submit(deps, submission({}), unending()), workNext(deps)]);
    expect(job.status).toBe('completed');
    expect(admissionOf(job)).toEqual({
      decision: 'queued',
      why: 'too few alike were seen, and it could not be resumed after the wait',
      predicted_ms: null,
      observed: null,
      wait_ms: 20_000,
    });
  }
  const job = await submit(deps, submission({}), unending());
  expect(job).toMatchObject({ status: 'completed', ledger: [{ via: 'inline' }] });
  expect(admissionOf(job)).toEqual({
    decision: 'inline',
    why: 'expected to end within the wait',
    predicted_ms: expect.any(Number),
    observed: durationEvidence,
    wait_ms: 20_000,
  });
  expect(admissionOf(await stored(deps, job.id))).toEqual(admissionOf(job));
});

test('what inline generations take is learnt as well', async () => {
  const deps = learning('chat', testClock(), { admitUnseen: 'inline' });
  for (let times = 0; times <= durationEvidence; times += 1) {
    await submit(deps, submission({}), unending());
  }
  const { expected } = deps.durations;
  await waitFor(
    () => expected(deps.upstream.name, model, undefined),
    (told) => told !== undefined,
    60_000,
  );
});

test('what is expected to outlast its own wait is queued, and inline where the wait is longer', async () => {
  const deps = learning();
  await teach(deps, 30_000);
  const ask = (waitMs: number) => submit(deps, submission({ waitMs }), unending());
  expect(admissionOf(await ask(100))).toMatchObject({
    decision: 'queued',
    predicted_ms: 33_087,
    wait_ms: 100,
  });
  expect(admissionOf(await ask(60_000))).toMatchObject({
    decision: 'inline',
    predicted_ms: 33_087,
    wait_ms: 60_000,
  });
  await engine.takeMessages();
});

test('a promotion is a lesson: the next one is queued', async () => {
  const deps = learning('chat', testClock(10));
  const controls = 'tokens=400&rate=10';
  await teach(deps, 1_000, `demo?first_ms=0&${controls}`);
  const asked = submission({ controls, waitMs: 10_000 });
  const { id } = await submit(deps, asked, unending());
  await waitFor(
    () => stored(deps, id),
    ({ ledger }) => ledger.at(-1)?.outcome === 'promoted',
    60_000,
  );
  const next = await waitFor(
    () => submit(deps, { ...asked, waitMs: 9_000 }, unending()),
    ({ admission }) => admission.decision === 'queued',
    60_000,
  );
  expect(next.admission.predictedMs).toBeGreaterThan(10_000);
  await engine.takeMessages();
});

test('what would be resumed after the wait begins at once, and need not be resumable once it is known to be short', async () => {
  const deps = learning('responses');
  const ask = async () => {
    const prompt = newPrompt();
    const job = await submit(deps, submission({ prompt }), unending());
    expect(job).toMatchObject({ status: 'completed', ledger: [{ via: 'inline' }] });
    return engine.generations(prompt);
  };
  expect(await ask()).toMatchObject([{ background: true }]);
  await teach(deps, 2_000);
  // Its long ones may only not have ended yet.
  expect(await ask()).toMatchObject([{ background: true }]);
  await teach(deps, 2_000, model, shortEvidence);
  expect(await ask()).toMatchObject([{ background: false }]);
});
