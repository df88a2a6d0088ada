import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoUpstreamHealth } from '../../../lib/adapters/dynamo-upstream-health.ts';
import { systemIds } from '../../../lib/adapters/system-ids.ts';
import { upstreamHealth } from '../../../lib/generation/upstream-health.ts';
import type { UpstreamHealth, UpstreamHealthStore } from '../../../lib/ports/upstreams.ts';
import type { Evidence } from '../../../lib/upstream-health/evidence.ts';
import { healthy } from '../../../lib/upstream-health/health.ts';
import type { CallKind, Taken } from '../../../lib/upstream-health/passage.ts';
import { startTable } from '../../fixtures/emulators.ts';
import { startSilentServer } from '../../fixtures/faulty-server.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

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
  readonly health: UpstreamHealth;
  readonly logged: string[];
  readonly asked: { loads: number; saves: number };
};

/** One sandbox, and how often it has asked its store. */
const sandbox = (
  clock: TestClock,
  store: UpstreamHealthStore = dynamoUpstreamHealth(table.client, table.tableName, clock, 30_000),
): Sandbox => {
  const logged: string[] = [];
  const asked = { loads: 0, saves: 0 };
  const record = (event: string): void => {
    logged.push(event);
  };
  const health = upstreamHealth({
    clock,
    ids: systemIds(),
    log: { info: record, warn: record, error: record },
    store: {
      load: (upstream) => {
        asked.loads += 1;
        return store.load(upstream);
      },
      save: (upstream, next, seenRev) => {
        asked.saves += 1;
        return store.save(upstream, next, seenRev);
      },
    },
  });
  return { health, logged, asked };
};

const tell = (
  { health }: Sandbox,
  upstream: string,
  clock: TestClock,
  evidence: Evidence,
  model = 'm',
): Promise<void> => health.report({ upstream, model, startedAtMs: clock.nowMs() }, evidence);

/** Opens the circuit of a model: five failures, told by these in turn. */
const failFive = async (
  by: readonly Sandbox[],
  upstream: string,
  clock: TestClock,
): Promise<void> => {
  for (let times = 0; times < 5; times += 1) {
    const teller = by[times % by.length];
    if (teller !== undefined) await tell(teller, upstream, clock, 'failed');
    clock.leap(1_000);
  }
};

test('while all is well a thousand calls cost one read a freshness, and no write', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const one = sandbox(clock);
  await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      expect(await one.health.mayCall(upstream, 'm', 'first')).toEqual({ kind: 'go' });
      await tell(one, upstream, clock, 'answered');
      await tell(one, upstream, clock, 'finished');
    }),
  );
  expect(one.asked).toEqual({ loads: 1, saves: 0 });
  // A generation that took longer is told of with what is known then.
  clock.leap(60_000);
  await Promise.all(
    Array.from({ length: 1_000 }, async () => {
      await tell(one, upstream, clock, 'answered');
      await tell(one, upstream, clock, 'finished');
    }),
  );
  expect(one.asked).toEqual({ loads: 2, saves: 0 });
});

test('what was begun to be read ahead of a call is waited for, and not read again', async () => {
  const clock = testClock();
  const { health, asked } = sandbox(clock);
  const upstream = newUpstream();
  health.prefetch(upstream);
  expect(asked.loads).toBe(1);
  expect(await health.mayCall(upstream, 'm', 'first')).toMatchObject({ kind: 'go' });
  health.prefetch(upstream);
  expect(asked.loads).toBe(1);
});

test('what sandboxes tell one by one opens the circuit for all of them', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const five = Array.from({ length: 5 }, () => sandbox(clock));
  const other = sandbox(clock);
  await failFive(five, upstream, clock);
  expect(await other.health.mayCall(upstream, 'm', 'first')).toMatchObject({ kind: 'wait' });
  expect(await other.health.mayCall(upstream, 'other', 'first')).toEqual({ kind: 'go' });
  expect(five.flatMap(({ logged }) => logged)).toEqual(['circuit.opened']);
});

test('a success told by one sandbox starts the row of all anew', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const [one, other] = [sandbox(clock), sandbox(clock)];
  for (let times = 0; times < 6; times += 1) {
    await tell(one, upstream, clock, 'failed');
    clock.leap(2_000);
    await other.health.mayCall(upstream, 'm', 'first');
    if (times % 3 === 2) await tell(other, upstream, clock, 'finished');
  }
  expect(await one.health.mayCall(upstream, 'm', 'first')).toEqual({ kind: 'go' });
});

test('a generation that took minutes and ended well is told of, whatever was known when it began', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const [failing, slow] = [sandbox(clock), sandbox(clock)];
  await slow.health.mayCall(upstream, 'm', 'first');
  const startedAtMs = clock.nowMs();
  await tell(slow, upstream, clock, 'answered');
  clock.leap(120_000);
  for (let times = 0; times < 4; times += 1) {
    await tell(failing, upstream, clock, 'failed');
    clock.leap(2_000);
  }
  await slow.health.report({ upstream, model: 'm', startedAtMs, hasAnswered: true }, 'finished');
  await tell(failing, upstream, clock, 'failed');
  expect(await failing.health.mayCall(upstream, 'm', 'first')).toEqual({ kind: 'go' });
  expect(failing.logged).toEqual([]);
});

test('what was taken for a call that is not made is given back, and only that', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const [one, other] = [sandbox(clock), sandbox(clock)];
  const asks = ({ health }: Sandbox, kind: CallKind) => health.mayCall(upstream, 'm', kind);
  const takenBy = async (by: Sandbox, kind: CallKind): Promise<Taken> => {
    const passage = await asks(by, kind);
    if (passage.kind === 'go' && passage.taken !== undefined) return passage.taken;
    throw new Error(`Nothing was taken: ${JSON.stringify(passage)}`);
  };
  await failFive([one], upstream, clock);
  clock.leap(30_000);
  const probe = await takenBy(one, 'first');
  clock.leap(5_000);
  expect(await asks(other, 'first')).toMatchObject({ kind: 'wait', isProbed: true });
  await one.health.giveBack(upstream, 'm', probe);
  clock.leap(5_000);
  const others = await takenBy(other, 'retry');
  expect(others).toMatchObject({ isRetry: true });
  // Given back twice, it frees no other's place.
  await one.health.giveBack(upstream, 'm', probe);
  expect(await asks(one, 'first')).toMatchObject({ kind: 'wait', isProbed: true });

  await tell(other, upstream, clock, 'finished');
  clock.leap(2_000);
  let retries = 0;
  while ((await asks(one, 'retry')).kind === 'go') retries += 1;
  expect(retries).toBe(9);
  await other.health.giveBack(upstream, 'm', others);
  clock.leap(2_000);
  expect(await asks(other, 'retry')).toMatchObject({ kind: 'go' });
  expect(await asks(other, 'retry')).toMatchObject({ kind: 'wait', why: 'retry_budget' });
});

test('of ten sandboxes one sends the probe, and all go on once it was answered', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const ten = Array.from({ length: 10 }, () => sandbox(clock));
  await failFive(ten, upstream, clock);
  clock.leap(30_000);
  const passages = await Promise.all(
    ten.map(({ health }) => health.mayCall(upstream, 'm', 'first')),
  );
  expect(passages.filter(({ kind }) => kind === 'go')).toHaveLength(1);
  const prober = ten[passages.findIndex(({ kind }) => kind === 'go')];
  if (prober === undefined) throw new Error('Nobody probes.');
  await tell(prober, upstream, clock, 'answered');
  clock.leap(2_000);
  for (const { health } of ten) {
    expect(await health.mayCall(upstream, 'm', 'first')).toEqual({ kind: 'go' });
  }
  expect(
    ten.flatMap(({ logged }) => logged).filter((event) => event.startsWith('circuit.')),
  ).toEqual(expect.arrayContaining(['circuit.opened', 'circuit.half_opened', 'circuit.closed']));
});

test('a prober that is never heard of again is replaced after its lease', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const [one, other] = [sandbox(clock), sandbox(clock)];
  await failFive([one], upstream, clock);
  clock.leap(30_000);
  expect(await one.health.mayCall(upstream, 'm', 'first')).toMatchObject({ kind: 'go' });
  clock.leap(50_000);
  expect(await other.health.mayCall(upstream, 'm', 'first')).toMatchObject({ isProbed: true });
  clock.leap(10_000);
  expect(await other.health.mayCall(upstream, 'm', 'first')).toMatchObject({ kind: 'go' });
});

test('retries of all sandboxes spend one budget, which first calls refill', async () => {
  const clock = testClock(0);
  const upstream = newUpstream();
  const [one, other] = [sandbox(clock), sandbox(clock)];
  const retries = async (times: number): Promise<number> => {
    let granted = 0;
    for (let time = 0; time < times; time += 1) {
      const { health } = time % 2 === 0 ? one : other;
      if ((await health.mayCall(upstream, 'm', 'retry')).kind === 'go') granted += 1;
    }
    return granted;
  };
  expect(await retries(30)).toBe(10);
  for (let call = 0; call < 50; call += 1) await one.health.mayCall(upstream, 'm', 'first');
  clock.leap(10_000);
  await one.health.mayCall(upstream, 'm', 'first');
  clock.leap(2_000);
  expect(await retries(30)).toBe(10);
});

test('a save from what is not the last is refused', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  const store = dynamoUpstreamHealth(table.client, table.tableName, clock);
  expect(await store.load(upstream)).toEqual(healthy());
  const first = { ...healthy(), rev: 1, tokens: 3.2 };
  expect(await store.save(upstream, first, 0)).toBe('saved');
  expect(await store.save(upstream, first, 0)).toBe('refused');
  expect(await store.save(upstream, { ...first, rev: 2 }, 1)).toBe('saved');
  expect(await store.save(upstream, { ...first, rev: 2 }, 1)).toBe('refused');
  expect(await store.load(upstream)).toEqual({ ...first, rev: 2 });
});

test('a record that cannot be read, or a store that does not answer, is an upstream in health', async () => {
  const clock = testClock();
  const upstream = newUpstream();
  await table.client.send(
    new PutItemCommand({
      TableName: table.tableName,
      Item: marshall({ pk: `UPSTREAM#${upstream}`, sk: 'health', v: 9, rev: 4 }),
    }),
  );
  const unread = sandbox(clock);
  const silent = await startSilentServer();
  const client = table.clientWith({ endpoint: silent.endpoint, maxAttempts: 1 });
  const alone = sandbox(clock, dynamoUpstreamHealth(client, table.tableName, clock));
  try {
    for (const one of [unread, alone]) {
      await failFive([one], upstream, clock);
      expect(await one.health.mayCall(upstream, 'm', 'retry')).toMatchObject({ kind: 'go' });
      expect(await one.health.mayCall(upstream, 'm', 'first')).toEqual({ kind: 'go' });
      expect(one.logged).toContain('health.untold');
      expect(one.asked.saves).toBe(0);
    }
  } finally {
    await silent.close();
  }
});
