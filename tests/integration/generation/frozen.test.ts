import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { generationOf, responseOf } from '../../../lib/answer/job-object.ts';
import { viewJob } from '../../../lib/generation/read.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import { epochMs } from '../../../lib/job/time.ts';
import type { Clock } from '../../../lib/ports/system.ts';
import { readJobMessage } from '../../../lib/wire/job-message.ts';
import {
  type Engine,
  type EngineDeps,
  only,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { shownText, stored, workOff } from '../../fixtures/engine-jobs.ts';
import { type Frozen, readFrozen } from '../../fixtures/previous-version/frozen.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
let frozen: Frozen;
let deps: EngineDeps;
const real = testClock();
let frozenAtMs = 0;
const startedAtMs = Date.now();

/** The time goes on from when the items were written: they have deadlines. */
const clock: Clock & { leap(ms: number): void } = {
  nowMs: () => epochMs(frozenAtMs + real.nowMs() - startedAtMs),
  sleep: real.sleep,
  leap: real.leap,
};

beforeAll(async () => {
  [engine, frozen] = await Promise.all([startEngine(), readFrozen()]);
  frozenAtMs = frozen.frozenAtMs;
  // The adoptable upstream, as the previous version knew it.
  deps = engine.deps(clock, () => ({ upstreams: only(engine.server('responses', 'other')) }));
  const puts = Object.values(frozen.jobs)
    .flat()
    .map((Item) => new PutItemCommand({ TableName: engine.table.tableName, Item }));
  await Promise.all(puts.map((put) => engine.table.client.send(put)));
});
afterAll(() => engine.close());

const idOf = (state: string): string => frozen.jobs[state]?.[0]?.['pk']?.S ?? `no ${state}`;

const textOf = async (job: Job): Promise<string> => {
  if (job.api === 'responses') {
    return JSON.stringify((await responseOf(deps, job)).output);
  }
  return shownText(deps, job.id);
};

test('a message of the previous version is read', () => {
  expect(readJobMessage(frozen.message)).toMatchObject({
    kind: 'message',
    message: { jobId: expect.stringMatching(/^gen_/) },
  });
});

test('what had ended is shown as it was', async () => {
  const text = async (state: string) => textOf(await stored(deps, idOf(state)));
  for (const state of ['completed', 'completed-stream']) {
    expect(await stored(deps, idOf(state))).toMatchObject({ status: 'completed', attempt: 1 });
    expect((await text(state)).length).toBeGreaterThan(20);
  }
  const streamed = await stored(deps, idOf('completed-stream'));
  const events = (await deps.content.readChunks(streamed)).flatMap(({ deltas }) => deltas);
  expect(events).toHaveLength(streamed.seq);
  for (const [state, status] of [
    ['failed', 'failed'],
    ['cancelled', 'cancelled'],
  ] as const) {
    const view = await viewJob(deps, await stored(deps, idOf(state)));
    expect(generationOf(view, 'https://x', clock.nowMs())).toMatchObject({ status });
  }
});

test.each([
  ['queued', 'Frozen, queued.'],
  ['queued-response', 'Frozen, queued response.'],
  ['requeued', 'Frozen, requeued.'],
  ['promoted', 'Frozen, promoted.'],
  ['running', 'Frozen, running.'],
  ['running-adoptable', 'Frozen, adoptable.'],
])(
  'a job that the previous version left %s is finished by this one, with a whole text',
  async (state, prompt) => {
    const id = idOf(state);
    const before = await stored(deps, id);
    // As long after a crash as it takes to be noticed.
    if (before.status === 'in_progress') {
      real.leap(60_000);
      await sweep(deps, unending());
    }
    await expect
      .poll(async () => {
        await workOff(deps, real, id);
        return isEnded(await stored(deps, id));
      })
      .toBe(true);
    const job = await stored(deps, id);
    expect(job.status).toBe('completed');
    expect(job.attempt).toBeGreaterThan(before.attempt);
    expect(job.ledger.slice(0, before.attempt)).toMatchObject(
      before.ledger.map(({ startedAtMs }) => ({ startedAtMs })),
    );
    const generations = await engine.generations(prompt);
    const [finished, ...others] = generations.filter(({ outcome }) => outcome === 'finished');
    expect(others).toEqual([]);
    expect(finished?.text).toMatch(/\S/);
    expect(await textOf(job)).toContain(finished?.text);
  },
);
