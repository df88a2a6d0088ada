import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Engine, startEngine } from '../../fixtures/engine.ts';
import { ask, limitedTenant } from '../../fixtures/limited.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const later = { respondAsync: true, waitMs: 0 } as const;
const newKey = () => ({
  keyHash: randomBytes(32).toString('hex'),
  fingerprint: 'the same request',
  onReplay: () => undefined,
});

describe('a request that is repeated under its key', () => {
  test('is charged once, also when its repetitions come at the same time', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, {
      requestsPerMinute: 1,
      tokensPerDay: 6_000,
      queuedJobs: 1,
      jobsInFlight: 1,
    });
    const key = newKey();
    const outcomes = await Promise.all(
      Array.from({ length: 12 }, () => ask(deps, limited, { ...later, key })),
    );
    const ids = outcomes.map((outcome) => (typeof outcome === 'string' ? outcome : outcome.id));
    expect(new Set(ids).size).toBe(1);
    expect(ids[0]).toMatch(/^gen_/);
    expect(await deps.tenantTurns.find(limited.tenant)).toMatchObject({
      live: 1,
      inFlight: [ids[0]],
    });
  });

  test('after it was refused is made and charged as if it were the first', async () => {
    const deps = engine.deps();
    const limited = await limitedTenant(engine, deps, { queuedJobs: 1 });
    const key = newKey();
    await deps.tenantCounts.countJob(limited.tenant, 1);
    expect(await ask(deps, limited, { ...later, key })).toBe('too_many_queued_jobs');
    await deps.tenantCounts.uncountJob(limited.tenant);
    expect(await ask(deps, limited, { ...later, key })).toMatchObject({ status: 'queued' });
    expect((await deps.tenantTurns.find(limited.tenant)).live).toBe(1);
  });
});
