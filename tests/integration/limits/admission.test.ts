import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoJobs } from '../../../lib/adapters/dynamo-jobs.ts';
import { cancelJob } from '../../../lib/generation/cancel-job.ts';
import { erase } from '../../../lib/generation/erase.ts';
import { settledJobs } from '../../../lib/generation/settled-jobs.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import { tokensOf } from '../../../lib/job/tokens.ts';
import { type Engine, type EngineDeps, startEngine, unending } from '../../fixtures/engine.ts';
import { stored, workOff } from '../../fixtures/engine-jobs.ts';
import {
  accepted,
  ask,
  type Limited,
  limitedSubmission,
  limitedTenant,
} from '../../fixtures/limited.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const later = { respondAsync: true, waitMs: 0 } as const;
const today = (deps: EngineDeps) => new Date(deps.clock.nowMs()).toISOString().slice(0, 10);

/** What is spent or reserved of the day, read by a reservation that fails. */
const spent = async (deps: EngineDeps, { tenant }: Limited): Promise<number> =>
  (await deps.tenantCounts.reserveTokens(tenant, today(deps), Number.MAX_SAFE_INTEGER, 1)).used;

describe('requests per minute', () => {
  test('beyond the limit are refused until the minute ends, and told when that is', async () => {
    const clock = testClock();
    const deps = engine.deps(clock);
    clock.leap(60_000 - (clock.nowMs() % 60_000));
    const limited = await limitedTenant(engine, deps, { requestsPerMinute: 2 });
    const asked = limitedSubmission(limited, later);
    await accepted(deps, limited, later);
    await accepted(deps, limited, later);
    await expect(submitAndWait(deps, asked, unending())).rejects.toMatchObject({
      code: 'rate_limit_exceeded',
      reported: { status: 429, type: 'requests' },
    });
    expect(asked.rates.requests).toMatchObject({ limit: 2, remaining: 0 });
    const { resetMs = 0 } = asked.rates.requests ?? {};
    expect(resetMs).toBeGreaterThan(0);
    expect(resetMs).toBeLessThanOrEqual(60_000);
    clock.leap(resetMs);
    await accepted(deps, limited, later);
  });

  test('are not refused when the counter does not answer', async () => {
    const deps = engine.deps(undefined, (real) => ({
      tenantCounts: {
        ...real.tenantCounts,
        countRequest: () => Promise.reject(new Error('no answer')),
      },
    }));
    const limited = await limitedTenant(engine, deps, { requestsPerMinute: 1 });
    await accepted(deps, limited, later);
    await accepted(deps, limited, later);
    expect(deps.logged).toContain('request.uncounted');
  });
});

describe('tokens per day', () => {
  test('a burst reserves no more than the limit', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, { tokensPerDay: 5_000 });
    const asked = { ...later, maxOutputTokens: 1_000 };
    const outcomes = await Promise.all(Array.from({ length: 30 }, () => ask(deps, limited, asked)));
    const made = outcomes.filter((outcome) => typeof outcome !== 'string');
    expect(made).toHaveLength(4);
    expect(new Set(outcomes.filter((outcome) => typeof outcome === 'string'))).toEqual(
      new Set(['rate_limit_exceeded']),
    );
    expect(await spent(deps, limited)).toBeLessThanOrEqual(5_000);
  });

  test('are settled with what the ledger says was used, once', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, { tokensPerDay: 100_000 });
    const asked = limitedSubmission(limited, { maxOutputTokens: 1_000 });
    const job = await submitAndWait(deps, asked, unending());
    expect(job.status).toBe('completed');
    const { generated } = tokensOf(await stored(deps, job.id));
    const used = generated.input + generated.output;
    expect(used).toBeGreaterThan(0);
    expect(await spent(deps, limited)).toBe(used);
    await erase(deps, await stored(deps, job.id));
    expect(await spent(deps, limited)).toBe(used);
    expect(asked.rates.tokens?.remaining).toBeLessThanOrEqual(99_000);
  });

  test('of a job that is cancelled before it runs are given back, once', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, { tokensPerDay: 10_000 });
    const job = await accepted(deps, limited, later);
    expect(await spent(deps, limited)).toBeGreaterThan(4_000);
    await Promise.all([cancelJob(deps, job), cancelJob(deps, job)]);
    expect(await spent(deps, limited)).toBe(0);
  });

  test.each(['before', 'after'])(
    'stay reserved when whoever ends the job stops %s it is marked as settled',
    async (when) => {
      const deps = engine.deps();
      const limited = await limitedTenant(engine, deps, { tokensPerDay: 10_000 });
      const job = await accepted(deps, limited, later);
      const reserved = await spent(deps, limited);
      const { client, tableName } = engine.table;
      const jobs = dynamoJobs(client, tableName, deps.clock);
      const settleTokens = () => Promise.reject(new Error('stopped'));
      const tenantCounts = { ...deps.tenantCounts, settleTokens };
      const stopping = when === 'before' ? jobs : settledJobs({ ...deps, jobs, tenantCounts });
      await cancelJob({ ...deps, jobs: stopping }, job);
      expect((await stored(deps, job.id)).status).toBe('cancelled');
      expect(await spent(deps, limited)).toBe(reserved);
    },
  );

  test('are given back when the request is refused for another reason', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, { tokensPerDay: 50_000, queuedJobs: 1 });
    await accepted(deps, limited, later);
    const before = await spent(deps, limited);
    expect(await ask(deps, limited, later)).toBe('too_many_queued_jobs');
    expect(await spent(deps, limited)).toBe(before);
  });

  test('and jobs are given back when the job cannot be queued', async () => {
    const deps = engine.deps(undefined, () => ({
      queue: { send: () => Promise.reject(new Error('no queue')) },
    }));
    const limited = await limitedTenant(engine, deps, {
      tokensPerDay: 50_000,
      queuedJobs: 1,
      jobsInFlight: 1,
    });
    expect(await ask(deps, limited, later)).toBe('queue_unavailable');
    expect(await spent(deps, limited)).toBe(0);
    expect(await deps.tenantTurns.find(limited.tenant)).toMatchObject({ live: 0, inFlight: [] });
  });
});

describe('queued jobs', () => {
  test('of a burst only as many are made as may be live, and an end makes room', async () => {
    const clock = testClock();
    const deps = engine.deps(clock);
    const limited = await limitedTenant(engine, deps, { queuedJobs: 3 });
    const outcomes = await Promise.all(Array.from({ length: 20 }, () => ask(deps, limited, later)));
    const made = outcomes.flatMap((outcome) => (typeof outcome === 'string' ? [] : [outcome]));
    expect(made).toHaveLength(3);
    const [first] = made;
    if (first === undefined) throw new Error('none was made');
    await workOff(deps, clock, first.id);
    expect((await stored(deps, first.id)).status).toBe('completed');
    await accepted(deps, limited, later);
    expect(await ask(deps, limited, later)).toBe('too_many_queued_jobs');
  });
});

describe('models', () => {
  test('that the tenant may not ask for are refused, and cost it nothing', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, {
      models: ['gpt-5*'],
      requestsPerMinute: 1,
    });
    expect(await ask(deps, limited, later)).toBe('model_not_allowed');
    const open = { ...limited, limits: { ...limited.limits, models: ['gpt-5*', 'demo*'] } };
    await accepted(deps, open, later);
  });
});

describe('a tenant without limits', () => {
  test('costs no counter, slot or look-up, from request to end', async () => {
    const refuse = () => Promise.reject(new Error('asked'));
    const deps = engine.deps(undefined, (real) => ({
      tenantCounts: { ...real.tenantCounts, countRequest: refuse, reserveTokens: refuse },
      tenantTurns: { ...real.tenantTurns, takeSlot: refuse, find: refuse, waiting: refuse },
      knownLimits: { of: refuse },
    }));
    const asked = limitedSubmission({ tenant: 'free', limits: {} });
    const job = await submitAndWait(deps, asked, unending());
    expect(job).toMatchObject({ status: 'completed' });
    expect(job).not.toHaveProperty('charge');
    expect(job).not.toHaveProperty('turn');
  });
});
