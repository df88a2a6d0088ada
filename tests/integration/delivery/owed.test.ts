import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import type { DeliveryMessage } from '../../../lib/ports/queues.ts';
import { type Engine, hint, startEngine, unending } from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';
import { type DeliveryDeps, deliveryDeps, endedJob } from './harness.ts';

const minuteMs = 60_000;
const callback = { url: 'https://hooks.example.com/jobs' };

let engine: Engine;
let clock: TestClock;
/** What the deliveries queue was given, or would have been. */
let sent: DeliveryMessage[];
let isQueueDown: boolean;
let deps: DeliveryDeps;

beforeAll(async () => {
  engine = await startEngine();
});
beforeEach(() => {
  clock = testClock();
  sent = [];
  isQueueDown = false;
  deps = deliveryDeps(engine, clock, () => ({
    deliveryQueue: {
      send: async (message) => {
        if (isQueueDown) throw new Error('the queue is down');
        sent.push(message);
      },
    },
  }));
});
afterAll(() => engine.close());

const messageOf = (jobId: string) => ({ v: 1, jobId, deliveryNo: 1 });
const owed = { owed: true, deliveryNo: 1 };

it('a job that a worker ends is owed and sent for', async () => {
  const job = await queuedJob(engine, deps, { callback });
  expect(sent).toEqual([]);
  await work(deps, hint(job.id), unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'completed', ...owed });
  expect(sent).toEqual([messageOf(job.id)]);
});

it('a job that its client cancels is owed and sent for', async () => {
  const job = await queuedJob(engine, deps, { callback });
  await cancelJob(deps, job);
  expect(await stored(deps, job.id)).toMatchObject({ status: 'cancelled', ...owed });
  expect(sent).toEqual([messageOf(job.id)]);
});

it('a job that the sweep ends is owed and sent for', async () => {
  const job = await queuedJob(engine, deps, { callback, deadlineMs: minuteMs });
  clock.leap(2 * minuteMs);
  await sweep(deps, unending());
  expect(await stored(deps, job.id)).toMatchObject({ status: 'failed', ...owed });
  expect(sent).toContainEqual(messageOf(job.id));
});

it('a message that got lost is sent again by the sweep, until the end is told', async () => {
  isQueueDown = true;
  const job = await endedJob(deps, { callback });
  expect(sent).toEqual([]);
  isQueueDown = false;
  await sweep(deps, unending());
  expect(sent).toEqual([]);
  clock.leap(3 * minuteMs);
  await sweep(deps, unending());
  expect(sent).toContainEqual(messageOf(job.id));
  clock.leap(3 * minuteMs);
  await sweep(deps, unending());
  const again = sent.filter(({ jobId }) => jobId === job.id);
  expect(again).toHaveLength(2);
});

it('a job without a callback, of a tenant without endpoints, owes nothing', async () => {
  const job = await endedJob(deps);
  expect(await stored(deps, job.id)).not.toHaveProperty('owed');
  expect(sent).toEqual([]);
});
