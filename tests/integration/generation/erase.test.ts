import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { erase } from '../../../lib/generation/erase.ts';
import { readResult } from '../../../lib/generation/read.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { purgeAgainMs, unstoredKeptMs } from '../../../lib/limits.ts';
import { adoptableDeps, followed, responseSubmission } from '../../fixtures/adoptable.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { fatefulJobs } from '../../fixtures/faulty-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

// A sweep looks at every job of its table, so each test has one of its own.
let engine: Engine;
let clock: TestClock;
let deps: EngineDeps;
beforeEach(async () => {
  engine = await startEngine();
  clock = testClock();
  deps = adoptableDeps(engine, clock);
});
afterEach(() => engine.close());

const controls = 'tokens=300&rate=50';

/** The sort keys of what the table holds of a job. */
const itemsOf = async (id: string): Promise<string[]> => {
  const { Items: items = [] } = await engine.table.client.send(
    new QueryCommand({
      TableName: engine.table.tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: id } },
      ConsistentRead: true,
    }),
  );
  return items.map((item) => item['sk']?.S ?? '');
};

const expectGone = async (id: string): Promise<void> => {
  expect(await itemsOf(id)).toEqual(['job']);
  await expect(readResult(deps, id, 0, unending())).rejects.toMatchObject({
    code: 'result_expired',
  });
  expect(await followed(deps, id)).toEqual([{ kind: 'deleted' }]);
};

test('a finished job leaves a tombstone, and its content is purged once more', async () => {
  const prompt = newPrompt();
  const asked = responseSubmission({ prompt, respondAsync: false, waitMs: 10_000 });
  const job = await submitAndWait(deps, asked, unending());
  expect((await itemsOf(job.id)).length).toBeGreaterThan(3);
  const buried = await erase(deps, job);
  expect(buried).toMatchObject({ status: 'completed', deletedAtMs: expect.any(Number) });
  await expectGone(job.id);
  expect(await erase(deps, await stored(deps, job.id))).toBeUndefined();
  const raw = JSON.stringify(await stored(deps, job.id));
  expect(raw).not.toContain(prompt);

  clock.leap(purgeAgainMs);
  await sweep(deps, unending());
  expect((await stored(deps, job.id)).dueAtMs).toBeUndefined();
  await expectGone(job.id);
});

test('a running job is cancelled by it, its upstream stopped, and what comes late is purged too', async () => {
  let late: (() => void) | undefined;
  const lateUntil = new Promise<void>((resolve) => {
    late = resolve;
  });
  let isFrozen = false;
  const frozen = adoptableDeps(engine, clock, ({ content }) => ({
    content: {
      ...content,
      putChunk: async (...chunk) => {
        isFrozen = true;
        await lateUntil;
        return content.putChunk(...chunk);
      },
    },
  }));
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls });
  const worked = work(frozen, hint(job.id), unending());
  await expect.poll(async () => (await engine.generations(prompt))[0]?.text ?? '').toContain(' ');
  clock.leap(11_000);
  await expect.poll(() => isFrozen).toBe(true);

  await erase(deps, await stored(deps, job.id));
  await expectGone(job.id);
  await expect
    .poll(async () => engine.generations(prompt), { timeout: 60_000 })
    .toMatchObject([{ outcome: 'cancelled', open: false }]);
  late?.();
  await worked;
  expect((await itemsOf(job.id)).length).toBeGreaterThan(1);
  const tombstone = await stored(deps, job.id);
  expect(tombstone).toMatchObject({ status: 'cancelled', segments: [], ledger: [{}] });
  expect(tombstone).not.toHaveProperty('stopOwed');

  clock.leap(purgeAgainMs - 20_000);
  await sweep(deps, unending());
  expect((await itemsOf(job.id)).length).toBeGreaterThan(1);
  clock.leap(20_000);
  await sweep(deps, unending());
  await expectGone(job.id);
  expect((await stored(deps, job.id)).dueAtMs).toBeUndefined();
});

test('a waiting client of a job that is deleted is told that it was cancelled', async () => {
  const prompt = newPrompt();
  let id = '';
  const watched: EngineDeps = {
    ...deps,
    jobs: {
      ...deps.jobs,
      create: (job) => {
        id = job.id;
        return deps.jobs.create(job);
      },
    },
  };
  const submitted = submitAndWait(watched, submission({ prompt, controls }), unending());
  await expect.poll(async () => (await engine.generations(prompt)).length).toBe(1);
  await erase(deps, await stored(deps, id));
  expect(await submitted).toMatchObject({ status: 'cancelled', deletedAtMs: expect.any(Number) });
});

test('a queued job that is deleted is never worked on', async () => {
  const prompt = newPrompt();
  const job = await queuedJob(engine, deps, { prompt, controls });
  await erase(deps, job);
  expect(await work(deps, hint(job.id), unending())).toEqual({ kind: 'acknowledge' });
  await expectGone(job.id);
  expect(await engine.generations(prompt)).toEqual([]);
});

test.each(['answer_lost', 'repeated', 'write_lost'] as const)(
  'a deletion that meets %s purges at once',
  async (fate) => {
    const job = await submitAndWait(deps, submission({}), unending());
    let met = false;
    const doubtful: EngineDeps = {
      ...deps,
      jobs: fatefulJobs(deps.jobs, () => {
        if (met) return 'fine';
        met = true;
        return fate;
      }),
    };
    await erase(doubtful, job);
    await expectGone(job.id);
  },
);

test('of a cancel and a deletion at once, the upstream is stopped and the tombstone purged', async () => {
  const ids: string[] = [];
  for (let round = 0; round < 6; round += 1) {
    const prompt = newPrompt();
    const { id } = await queuedJob(engine, deps, { prompt, controls });
    const worked = work(deps, hint(id), unending());
    await expect
      .poll(async () => (await stored(deps, id)).upstreamId !== undefined, { timeout: 60_000 })
      .toBe(true);
    const job = await stored(deps, id);
    await Promise.all([cancelJob(deps, job), erase(deps, job), erase(deps, job)]);
    await worked;
    await expect
      .poll(async () => engine.generations(prompt), { timeout: 60_000 })
      .toMatchObject([{ outcome: 'cancelled' }]);
    const tombstone = await stored(deps, job.id);
    expect(tombstone).toMatchObject({ status: 'cancelled', dueAtMs: expect.any(Number) });
    ids.push(id);
  }
  clock.leap(purgeAgainMs);
  await sweep(deps, unending());
  await sweep(deps, unending());
  for (const id of ids) await expectGone(id);
  expect(await sweep(deps, unending())).toMatchObject({ failed: 0, written: 0 });
});

test('a job that was not to be stored is erased ten minutes after its end', async () => {
  const body = { store: false };
  const job = await submitAndWait(
    deps,
    responseSubmission({ respondAsync: false, waitMs: 10_000, unstored: true, body }),
    unending(),
  );
  expect(job).toMatchObject({ status: 'completed', unstored: true });
  clock.leap(unstoredKeptMs - 10_000);
  await sweep(deps, unending());
  expect((await itemsOf(job.id)).length).toBeGreaterThan(2);
  clock.leap(10_000);
  await sweep(deps, unending());
  await expectGone(job.id);
  clock.leap(purgeAgainMs);
  await sweep(deps, unending());
  expect((await stored(deps, job.id)).dueAtMs).toBeUndefined();
});
