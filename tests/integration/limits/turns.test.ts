import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoJobs } from '../../../lib/adapters/dynamo-jobs.ts';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import type { Job } from '../../../lib/job/job.ts';
import { claim } from '../../../lib/job/transition.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { stored, workOff } from '../../fixtures/engine-jobs.ts';
import {
  accepted,
  ask,
  type Limited,
  limitedSubmission,
  limitedTenant,
} from '../../fixtures/limited.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const later = { respondAsync: true, waitMs: 0 } as const;

const inFlight = async (deps: EngineDeps, { tenant }: Limited): Promise<readonly string[]> =>
  (await deps.tenantTurns.find(tenant)).inFlight;

/** Ids of the jobs whose messages are in the queue, each once; the queue is empty afterwards. */
const sentFor = async (): Promise<readonly string[]> => [
  ...new Set((await engine.takeMessages()).map(({ jobId }) => jobId)),
];

const setUp = async (
  jobsInFlight: number,
  clock: TestClock = testClock(),
): Promise<{ deps: EngineDeps; limited: Limited; clock: TestClock }> => {
  await engine.takeMessages();
  const deps = engine.deps(clock);
  return { deps, clock, limited: await limitedTenant(engine, deps, { jobsInFlight }) };
};

/** A job that an attempt of a worker that never comes back holds. */
const claimed = async (deps: EngineDeps, job: Job): Promise<Job> => {
  const by = { owner: 'gone', upstream: 'demo', model: 'demo', nowMs: deps.clock.nowMs() };
  const outcome = await deps.jobs.write(claim(job, by));
  if (outcome.kind !== 'written') throw new Error('not claimed');
  return outcome.job;
};

describe('a tenant with five slots', () => {
  test('has five messages in the queue, however many jobs it queues at once', async () => {
    const { deps, limited } = await setUp(5);
    const jobs = await Promise.all(
      Array.from({ length: 30 }, () => accepted(deps, limited, later)),
    );
    const sent = await sentFor();
    expect(sent).toHaveLength(5);
    expect([...sent].sort()).toEqual([...(await inFlight(deps, limited))].sort());
    const waiting = jobs.filter(({ id }) => !sent.includes(id));
    for (const { waitingFor, status } of waiting) {
      expect({ waitingFor, status }).toEqual({ waitingFor: 'tenant_limit', status: 'queued' });
    }
  });

  test('works off all its jobs, each end sending for the next, oldest first', async () => {
    const { deps, limited, clock } = await setUp(2);
    const jobs: Job[] = [];
    for (let made = 0; made < 6; made += 1) {
      jobs.push(await accepted(deps, limited, later));
      clock.leap(5);
    }
    const order: string[] = [];
    for (let batch = await sentFor(); batch.length > 0; batch = await sentFor()) {
      for (const id of batch) {
        await workOff(deps, clock, id);
        order.push(id);
      }
    }
    expect(order).toHaveLength(6);
    expect(order.slice(2)).toEqual(jobs.map(({ id }) => id).slice(2));
    for (const { id } of jobs) expect((await stored(deps, id)).status).toBe('completed');
    expect(await inFlight(deps, limited)).toEqual([]);
  });
});

describe('a job without a slot', () => {
  test('is not started by a message that comes all the same', async () => {
    const { deps, limited } = await setUp(1);
    const first = await accepted(deps, limited, later);
    const second = await accepted(deps, limited, later);
    expect(await work(deps, hint(second.id), unending())).toEqual({ kind: 'acknowledge' });
    expect((await stored(deps, second.id)).status).toBe('queued');
    expect(await inFlight(deps, limited)).toEqual([first.id]);
  });

  test('that was to run at once is queued, and one that is streamed live is refused', async () => {
    const { deps, limited } = await setUp(1);
    await accepted(deps, limited, later);
    const queued = await accepted(deps, limited);
    expect(queued).toMatchObject({ status: 'queued', admission: { decision: 'queued' } });
    expect(await ask(deps, limited, { live: true })).toBe('too_many_jobs_in_flight');
  });

  test('fails when its deadline passes before its turn comes', async () => {
    const { deps, limited, clock } = await setUp(1);
    await accepted(deps, limited, later);
    const { id } = await accepted(deps, limited, { ...later, deadlineMs: 60_000 });
    clock.leap(61_000);
    await sweep(deps, unending());
    expect(await stored(deps, id)).toMatchObject({
      status: 'failed',
      error: { code: 'deadline_exceeded' },
    });
  });

  test('leaves the line when it is cancelled', async () => {
    const { deps, limited } = await setUp(1);
    await accepted(deps, limited, later);
    const waiting = await accepted(deps, limited, later);
    await cancelJob(deps, waiting);
    expect(await deps.tenantTurns.waiting(limited.tenant, 10)).toEqual([]);
    expect(await inFlight(deps, limited)).toHaveLength(1);
  });
});

describe('a slot', () => {
  test('that many jobs want at once is given to one', async () => {
    const { deps, limited } = await setUp(1);
    await Promise.all(Array.from({ length: 30 }, () => accepted(deps, limited, later)));
    expect(await inFlight(deps, limited)).toHaveLength(1);
    expect(await sentFor()).toHaveLength(1);
  });

  test('is passed on when its job ends inline', async () => {
    const { deps, limited } = await setUp(1);
    const running = submitAndWait(
      deps,
      limitedSubmission(limited, { controls: 'tokens=40&rate=100' }),
      unending(),
    );
    await expect.poll(() => inFlight(deps, limited)).toHaveLength(1);
    const { id } = await accepted(deps, limited, later);
    expect((await running).status).toBe('completed');
    expect(await sentFor()).toEqual([id]);
    expect(await inFlight(deps, limited)).toEqual([id]);
  });

  test('is passed on while its job waits out a pause, and asked for again after it', async () => {
    const { deps, limited, clock } = await setUp(1);
    const failing = await accepted(deps, limited, {
      ...later,
      controls: 'tokens=40&rate=10000&fault=429&retry_after=30&times=1',
    });
    const next = await accepted(deps, limited, later);
    await engine.takeMessages();
    const fate = await work(deps, hint(failing.id), unending());
    expect(fate.kind).toBe('redeliver');
    expect(await inFlight(deps, limited)).toEqual([next.id]);
    clock.leap(6 * 60_000);
    expect(await work(deps, hint(failing.id), unending())).toEqual({ kind: 'acknowledge' });
    expect((await stored(deps, failing.id)).waitingFor).toBe('tenant_limit');
    await engine.takeMessages();
    await workOff(deps, clock, next.id);
    expect(await sentFor()).toEqual([failing.id]);
  });

  test('whose job ended without giving it back is passed on by the sweep', async () => {
    const { deps, limited, clock } = await setUp(1);
    const first = await accepted(deps, limited, later);
    const second = await accepted(deps, limited, later);
    await engine.takeMessages();
    const { client, tableName } = engine.table;
    await cancelJob({ ...deps, jobs: dynamoJobs(client, tableName, clock) }, first);
    expect(await inFlight(deps, limited)).toEqual([first.id]);
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([second.id]);
    expect(await sentFor()).toContain(second.id);
  });

  test('of a job that was never made is given back once its maker must have stopped', async () => {
    const { deps, limited, clock } = await setUp(1);
    const id = `gen_${deps.ids.next()}`;
    await deps.tenantTurns.takeSlot(limited.tenant, id, 1);
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([id]);
    clock.leap(121_000);
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([]);
  });

  test('is not given back while its maker may be at it, however old its key has made the id', async () => {
    const { deps, limited, clock } = await setUp(1);
    const id = `gen_${deps.ids.next()}`;
    const take = () => deps.tenantTurns.takeSlot(limited.tenant, id, 1);
    clock.leap(60 * 60_000);
    await take();
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([id]);
    clock.leap(121_000);
    // Somebody else comes with the key.
    expect(await take()).toBe('held');
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([id]);
    clock.leap(121_000);
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([]);
  });

  test('that a running job has lost is its own again after the sweep', async () => {
    const { deps, limited } = await setUp(1);
    const job = await claimed(deps, await accepted(deps, limited, later));
    await deps.tenantTurns.giveSlotBack(limited.tenant, job.id);
    await accepted(deps, limited, later);
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toContain(job.id);
  });

  test('of a job that runs stays with it', async () => {
    const { deps, limited } = await setUp(1);
    const job = await claimed(deps, await accepted(deps, limited, later));
    await accepted(deps, limited, later);
    await sweep(deps, unending());
    expect(await inFlight(deps, limited)).toEqual([job.id]);
  });
});

describe('a limit that is lifted', () => {
  test('lets everyone go who waits', async () => {
    const { deps, limited, clock } = await setUp(1);
    const jobs = await Promise.all(Array.from({ length: 4 }, () => accepted(deps, limited, later)));
    await engine.takeMessages();
    const lifted = { ...deps, knownLimits: { of: async () => ({}) } };
    await sweep(lifted, unending());
    await sentFor();
    for (const { id } of jobs) await workOff(lifted, clock, id);
    for (const { id } of jobs) expect((await stored(deps, id)).status).toBe('completed');
  });
});

describe('a count of live jobs that went wrong', () => {
  test('is put right by the second sweep that finds it so', async () => {
    const clock = testClock();
    const deps = engine.deps(clock);
    const limited = await limitedTenant(engine, deps, { queuedJobs: 3 });
    const [first] = await Promise.all([
      accepted(deps, limited, later),
      accepted(deps, limited, later),
      accepted(deps, limited, later),
    ]);
    const { client, tableName } = engine.table;
    if (first === undefined) throw new Error('none');
    await cancelJob({ ...deps, jobs: dynamoJobs(client, tableName, clock) }, first);
    expect(await ask(deps, limited, later)).toBe('too_many_queued_jobs');
    await sweep(deps, unending());
    await sweep(deps, unending());
    expect((await deps.tenantTurns.find(limited.tenant)).live).toBe(2);
    await accepted(deps, limited, later);
  });
});
