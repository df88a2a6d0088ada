import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoDurations } from '../../../lib/adapters/dynamo-durations.ts';
import { systemIds } from '../../../lib/adapters/system-ids.ts';
import { modelDurations } from '../../../lib/generation/model-durations.ts';
import {
  durationEvidence,
  durationsFlushMs,
  durationsFreshMs,
  durationsStaleMs,
  durationsUnseenMs,
  maxKnownModels,
  maxModelChars,
} from '../../../lib/limits.ts';
import type { DurationStore, ModelDurations } from '../../../lib/ports/durations.ts';
import { startTable } from '../../fixtures/emulators.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';
import { waitFor } from '../../fixtures/wait-for.ts';

let table: Awaited<ReturnType<typeof startTable>>;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

let upstreams = 0;
const newUpstream = (): string => {
  upstreams += 1;
  return `upstream-${upstreams}`;
};

type Sandbox = {
  readonly durations: ModelDurations;
  readonly logged: string[];
  readonly asked: { loads: number; saves: number };
};

const realStore = (clock: TestClock): DurationStore =>
  dynamoDurations(table.client, table.tableName, clock, 30_000);

/** One sandbox, and how often it has asked its store. */
const sandbox = (clock: TestClock, store: DurationStore = realStore(clock)): Sandbox => {
  const logged: string[] = [];
  const asked = { loads: 0, saves: 0 };
  const record = (event: string): void => {
    logged.push(event);
  };
  const durations = modelDurations({
    clock,
    ids: systemIds(),
    log: { info: record, warn: record, error: record },
    store: {
      load: (...of) => {
        asked.loads += 1;
        return store.load(...of);
      },
      save: (...what) => {
        asked.saves += 1;
        return store.save(...what);
      },
    },
  });
  return { durations, logged, asked };
};

const saw = async (
  { durations }: Sandbox,
  upstream: string,
  { ms = 2_000, times = 1, model = 'm' } = {},
): Promise<void> => {
  for (let done = 0; done < times; done += 1) {
    await durations.saw(upstream, model, { ms, isWhole: true, maxOutputTokens: undefined });
  }
};
const expected = ({ durations }: Sandbox, upstream: string, model = 'm') =>
  durations.expected(upstream, model, undefined);

test('what one sandbox saw another knows', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const [one, other] = [sandbox(clock), sandbox(clock)];
  await saw(one, upstream, { times: durationEvidence });
  expect(await expected(one, upstream)).toMatchObject({ observed: durationEvidence });
  expect(await expected(other, upstream)).toEqual(await expected(one, upstream));
  expect(await expected(other, upstream, 'another')).toBeUndefined();
});

test('of ten sandboxes that write at once none overwrites another', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const ten = Array.from({ length: 10 }, () => sandbox(clock));
  for (let round = 0; round < 4; round += 1) {
    await Promise.all(ten.map((one) => saw(one, upstream)));
    clock.leap(durationsFlushMs);
  }
  const refused = ten.flatMap(({ logged }) => logged);
  // What a sandbox could not write it holds, and writes with what comes next.
  for (const one of ten) await saw(one, upstream);
  expect(await expected(sandbox(clock), upstream)).toMatchObject({ observed: 50 });
  expect(refused.every((event) => event === 'durations.contended')).toBe(true);
});

test('a service that knows its model pays a write for each minute, not for each job', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const one = sandbox(clock);
  await saw(one, upstream, { times: 2 * durationEvidence });
  const { saves } = one.asked;
  clock.leap(durationsFlushMs);
  await saw(one, upstream, { times: 200 });
  expect(one.asked.saves).toBe(saves + 1);
  clock.leap(durationsFlushMs);
  await saw(one, upstream);
  expect(one.asked.saves).toBe(saves + 2);
});

test('a generation that takes longer than expected is written at once', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const [one, other] = [sandbox(clock), sandbox(clock)];
  await saw(one, upstream, { times: 2 * durationEvidence });
  clock.leap(durationsFlushMs / 2);
  await saw(one, upstream, { ms: 60_000 });
  expect((await expected(other, upstream))?.ms).toBeGreaterThan(60_000);
});

test('a sandbox believes its own eyes before it has written', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const one = sandbox(clock);
  await saw(one, upstream, { times: 3 * durationEvidence });
  await saw(one, upstream, { ms: 60_000, times: 2 });
  expect((await expected(one, upstream))?.ms).toBeGreaterThan(60_000);
});

test('a request costs no read while what is known is fresh, and waits for none until it is stale', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  await saw(sandbox(clock), upstream, { times: durationEvidence });
  const holding = { isOn: false };
  const gate = Promise.withResolvers<void>();
  const real = realStore(clock);
  const one = sandbox(clock, {
    ...real,
    load: async (...of) => {
      if (holding.isOn) await gate.promise;
      return real.load(...of);
    },
  });
  for (let times = 0; times < 100; times += 1) await expected(one, upstream);
  expect(one.asked.loads).toBe(1);
  clock.leap(durationsFreshMs);
  holding.isOn = true;
  expect(await expected(one, upstream)).toMatchObject({ observed: durationEvidence });
  expect(one.asked.loads).toBe(2);
  await saw(sandbox(clock), upstream);
  gate.resolve();
  await waitFor(
    () => expected(one, upstream),
    (told) => told?.observed === durationEvidence + 1,
    60_000,
  );
  clock.leap(durationsStaleMs);
  await saw(sandbox(clock), upstream);
  expect(await expected(one, upstream)).toMatchObject({ observed: durationEvidence + 2 });
});

test('what was not known is asked for again within seconds', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const one = sandbox(clock);
  expect(await expected(one, upstream)).toBeUndefined();
  await saw(sandbox(clock), upstream, { times: durationEvidence });
  expect(await expected(one, upstream)).toBeUndefined();
  clock.leap(durationsUnseenMs);
  expect(await expected(one, upstream)).toMatchObject({ observed: durationEvidence });
  expect(one.asked.loads).toBe(2);
});

test('a store that cannot be read or written keeps nobody from anything', async () => {
  const clock = testClock(0);
  const fail = async (): Promise<never> => {
    throw new Error('down');
  };
  const unread = sandbox(clock, { load: fail, save: fail });
  await saw(unread, 'u');
  expect(await expected(unread, 'u')).toBeUndefined();
  const unwritten = sandbox(clock, { ...realStore(clock), save: fail });
  await saw(unwritten, newUpstream());
  expect([unread.logged, unwritten.logged]).toEqual([
    ['durations.untold'],
    ['durations.unwritten'],
  ]);
});

test('clients that name ever new models do not fill a sandbox, and the longest name can be kept', async () => {
  const clock = testClock(0);
  const one = sandbox(clock, {
    load: async () => ({ v: 1, rev: 0, atMs: clock.nowMs(), byOutput: [] }),
    save: async () => 'saved',
  });
  for (let at = 0; at <= maxKnownModels; at += 1) await saw(one, 'u', { model: `m${at}` });
  const { loads } = one.asked;
  await expected(one, 'u', `m${maxKnownModels}`);
  expect(one.asked.loads).toBe(loads);
  await expected(one, 'u', 'm0');
  expect(one.asked.loads).toBe(loads + 1);

  const [real, model] = [sandbox(clock), '🦆'.repeat(maxModelChars / 2)];
  const upstream = newUpstream();
  await saw(real, upstream, { model, times: durationEvidence });
  expect(await expected(sandbox(clock), upstream, model)).toBeDefined();
});
