import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { dynamoTenantCounts } from '../../../lib/adapters/dynamo-tenant-counts.ts';
import { dynamoTenantTurns } from '../../../lib/adapters/dynamo-tenant-turns.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { epochMs } from '../../../lib/job/time.ts';
import type { TenantCounts, TenantTurns } from '../../../lib/ports/tenants.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

// A hundred connections at once take a busy machine longer than a store is given.
const patient = () => table.clientWith({ requestHandler: { connectionTimeout: 60_000 } });
const counts = () => {
  const client = patient();
  return dynamoTenantCounts({ client, once: client }, table.tableName, systemClock());
};
const turns = () => dynamoTenantTurns(patient(), table.tableName, systemClock());

const hundred = <T>(act: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: 100 }, (_, index) => act(index)));

const windowMs = epochMs(1_800_000_000_000);
const day = '2026-11-20';

describe('a hundred requests at once', () => {
  let all: TenantCounts;
  let slots: TenantTurns;
  beforeAll(() => {
    all = counts();
    slots = turns();
  });

  test('take no more of a minute than its limit', async () => {
    const outcomes = await hundred(() => all.countRequest('burst', windowMs, 30));
    const taken = outcomes.filter(({ kind }) => kind === 'counted');
    expect(taken).toHaveLength(30);
    expect(taken.map(({ used }) => used).sort((a, b) => a - b)).toEqual(
      Array.from({ length: 30 }, (_, index) => index + 1),
    );
    const next = epochMs(windowMs + 60_000);
    expect(await counts().countRequest('burst', next, 30)).toEqual({ kind: 'counted', used: 1 });
  });

  test('reserve no more tokens of a day than its limit', async () => {
    const outcomes = await hundred(() => all.reserveTokens('burst', day, 300, 1_000));
    expect(outcomes.filter(({ kind }) => kind === 'counted')).toHaveLength(3);
    const refused = outcomes.find(({ kind }) => kind === 'over');
    expect(refused?.used).toBe(900);
    await counts().settleTokens('burst', day, -250);
    expect(await counts().reserveTokens('burst', day, 350, 1_000)).toEqual({
      kind: 'counted',
      used: 1_000,
    });
  });

  test('take no more slots than there are, and a job its own only once', async () => {
    const outcomes = await hundred((index) => slots.takeSlot('burst', `gen_${index % 50}`, 5));
    const { inFlight } = await turns().find('burst');
    expect(inFlight).toHaveLength(5);
    expect(new Set(inFlight).size).toBe(5);
    expect(outcomes.filter((outcome) => outcome !== 'full').length).toBeGreaterThanOrEqual(5);
    const [held = ''] = inFlight;
    expect(await turns().takeSlot('burst', held, 5)).toBe('held');
    expect(await turns().takeSlot('burst', 'gen_other', 5)).toBe('full');
    await hundred(() => slots.giveSlotBack('burst', held));
    expect((await turns().find('burst')).inFlight).toHaveLength(4);
    expect(await turns().takeSlot('burst', 'gen_other', 5)).toBe('taken');
    expect(await turns().takeSlot('burst', held, 5)).toBe('full');
    expect(await turns().takeSlot('burst', held, undefined)).toBe('taken');
  });

  test('make no more jobs than may be live', async () => {
    const outcomes = await hundred(() => all.countJob('burst', 7));
    expect(outcomes.filter(({ kind }) => kind === 'counted')).toHaveLength(7);
    await counts().uncountJob('burst');
    expect((await turns().find('burst')).live).toBe(6);
  });
});

describe('a request for more than a whole day', () => {
  test('is refused, and reserves nothing', async () => {
    expect(await counts().reserveTokens('greedy', day, 1_001, 1_000)).toEqual({
      kind: 'over',
      used: 0,
    });
    expect(await counts().reserveTokens('greedy', day, 1_000, 1_000)).toEqual({
      kind: 'counted',
      used: 1_000,
    });
  });
});

describe('slots that are reclaimed', () => {
  test('stay when another was taken since they were looked at', async () => {
    await turns().takeSlot('rev', 'gen_a', 5);
    const { rev } = await turns().find('rev');
    await turns().takeSlot('rev', 'gen_b', 5);
    expect(await turns().reclaim('rev', ['gen_a'], rev)).toBe('refused');
    expect(await turns().reclaim('rev', ['gen_a'], (await turns().find('rev')).rev)).toBe('done');
    expect((await turns().find('rev')).inFlight).toEqual(['gen_b']);
    expect(await turns().tenants()).toContain('rev');
  });
});
