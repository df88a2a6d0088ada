import { afterAll, beforeAll, expect, test } from 'vitest';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { work } from '../../../lib/generation/work.ts';
import { adoptableDeps, responseSubmission } from '../../fixtures/adoptable.ts';
import { type Engine, hint, newPrompt, startEngine, unending } from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

test('a generation that its upstream keeps queued for two minutes is stopped there and given up', async () => {
  const clock = testClock(100);
  const deps = adoptableDeps(engine, clock);
  const prompt = newPrompt();
  const asked = { prompt, controls: 'tokens=5&rate=10000&queued_ms=60000' };
  const { id } = await submitAndWait(deps, responseSubmission(asked), unending());
  const startedAtMs = clock.nowMs();
  const fate = await work(deps, hint(id), unending());
  expect(fate).toMatchObject({ kind: 'redeliver' });
  expect(clock.nowMs() - startedAtMs).toBeGreaterThanOrEqual(120_000);
  const job = await stored(deps, id);
  expect(job).toMatchObject({ status: 'queued', ledger: [{ errorCode: 'upstream_lost' }] });
  expect(job.upstreamId).toBeUndefined();
  expect(await engine.generations(prompt)).toMatchObject([{ outcome: 'cancelled', open: false }]);
});
