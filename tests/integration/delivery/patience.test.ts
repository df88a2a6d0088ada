import { GetItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { dynamoSlowLanes } from '../../../lib/adapters/dynamo-slow-lanes.ts';
import { systemIds } from '../../../lib/adapters/system-ids.ts';
import type { CallbackOutcome } from '../../../lib/callback/outcome.ts';
import { newPatience, type Patience, type Place } from '../../../lib/delivery/patience.ts';
import { heldUpMs, slowLaneMs, slowReceiverMs, slowTenantMs } from '../../../lib/limits.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';
import { newTenant } from './harness.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

/** The lane is everybody's, so that what a test has taken it gives back. */
const places: Pick<Place, 'leave'>[] = [];
afterEach(() => Promise.all(places.splice(0).map((place) => place.leave(undefined))));

/** Until when the lane is somebody's. */
const laneEndMs = async (): Promise<number> => {
  const key = { pk: { S: 'SLOW_LANE#0' }, sk: { S: 'lane' } };
  const get = new GetItemCommand({ TableName: table.tableName, Key: key });
  return Number((await table.client.send(get)).Item?.['heldUntilMs']?.N ?? 0);
};

const log = { info: () => undefined, warn: () => undefined, error: () => undefined };
const failed = (why: 'timed_out' | 'unreachable'): CallbackOutcome => ({
  kind: 'failed',
  why,
  code: undefined,
  tookMs: 15_000,
});
const answered: CallbackOutcome = {
  kind: 'answered',
  status: 500,
  retryAfterMs: undefined,
  firstBytes: '',
  tookMs: 5,
};

/** Three sandboxes, and how their attempts at receivers of one tenant end. */
const scene = () => {
  const clock: TestClock = testClock();
  const slowLanes = dynamoSlowLanes(table.client, table.tableName);
  const deps = { slowLanes, clock, ids: systemIds(), log };
  const sandbox = (): Patience => {
    const patience = newPatience(deps, 1);
    return {
      enter: async (receiver) => {
        const place = await patience.enter(receiver);
        let isLeft = false;
        const leave: Place['leave'] = async (outcome) => {
          if (!isLeft) await place?.leave(outcome);
          isLeft = true;
        };
        places.push({ leave });
        return place === undefined ? undefined : { signal: place.signal, leave };
      },
    };
  };
  const sandboxes = [sandbox(), sandbox(), sandbox()] as const;
  const tenant = newTenant();
  const at = (path: string, more: { tenant?: string; isProven?: boolean } = {}) => ({
    tenant,
    isProven: false,
    ...more,
    url: `https://hooks.example.com/${path}`,
  });
  const mayEnter = async (sandbox: Patience, ...to: Parameters<typeof at>): Promise<boolean> => {
    const place = await sandbox.enter(at(...to));
    await place?.leave(undefined);
    return place !== undefined;
  };
  /** An attempt that hangs until its time is up. */
  const hang = async (sandbox: Patience, ...to: Parameters<typeof at>): Promise<void> => {
    const place = await sandbox.enter(at(...to));
    clock.leap(15_000);
    await place?.leave(failed('timed_out'));
  };
  return { clock, sandboxes, at, mayEnter, hang };
};

describe('a tenant one of whose receivers has kept a sandbox waiting', () => {
  it('has its others tried by one sandbox at a time, whatever their URLs', async () => {
    const { clock, sandboxes, at, hang, mayEnter } = scene();
    const [one, two, three] = sandboxes;
    await hang(one, 'job-1');
    const taken = [await two.enter(at('job-2')), await two.enter(at('job-3'))];
    expect(taken).not.toContain(undefined);
    expect([await mayEnter(one, 'job-4'), await mayEnter(three, 'job-5')]).toEqual([false, false]);
    await taken[0]?.leave(undefined);
    expect(await mayEnter(three, 'job-5')).toBe(false);
    await taken[1]?.leave(undefined);
    expect(await mayEnter(three, 'job-5')).toBe(true);
    clock.leap(slowTenantMs);
    await two.enter(at('job-6'));
    expect(await mayEnter(three, 'job-7')).toBe(true);
  });

  it('is known to be slow while that one still hangs', async () => {
    const { clock, sandboxes, at, mayEnter } = scene();
    const [one, two, three] = sandboxes;
    const hanging = await one.enter(at('job-1'));
    clock.leap(heldUpMs);
    await expect
      .poll(async () => {
        const place = await two.enter(at('job-2'));
        const isAlone = !(await mayEnter(three, 'job-3'));
        await place?.leave(undefined);
        return isAlone;
      })
      .toBe(true);
    await hanging?.leave(answered);
  });

  it('keeps no other tenant’s receivers waiting', async () => {
    const { sandboxes, at, hang, mayEnter } = scene();
    const [one, two, three] = sandboxes;
    await hang(one, 'job-1');
    await two.enter(at('job-2'));
    expect(await mayEnter(three, 'job-1', { tenant: newTenant() })).toBe(true);
  });

  it('has those called without waiting that are registered and well, until they are slow too', async () => {
    const { sandboxes, at, hang, mayEnter } = scene();
    const [one, two, three] = sandboxes;
    await hang(one, 'job-1');
    await two.enter(at('job-2'));
    expect(await mayEnter(three, 'endpoint', { isProven: true })).toBe(true);
    await hang(three, 'endpoint', { isProven: true });
    expect(await mayEnter(three, 'endpoint', { isProven: true })).toBe(false);
  });

  it('has those called without waiting that have answered that sandbox fast since', async () => {
    const { sandboxes, at, hang, mayEnter } = scene();
    const [one, two, three] = sandboxes;
    await hang(one, 'job-1');
    await (await three.enter(at('good?n=1')))?.leave(answered);
    await two.enter(at('job-2'));
    expect(await mayEnter(three, 'good?n=2')).toBe(true);
    expect(await mayEnter(one, 'good?n=2')).toBe(false);
  });
});

describe('an attempt that began before its tenant was known to be slow', () => {
  it('goes on in one sandbox, and is stopped in the others', async () => {
    const { clock, sandboxes, at } = scene();
    const attempts = await Promise.all(
      sandboxes.map((sandbox, index) => sandbox.enter(at(`job-${index}`))),
    );
    const stopped = () => attempts.filter((place) => place?.signal.aborted).length;
    // Each sleeps twice, and asks the table between.
    await expect
      .poll(() => {
        clock.leap(1_000);
        return stopped();
      })
      .toBe(2);
    await Promise.all(attempts.map((place) => place?.leave(undefined)));
  });

  it('goes on when the lane is free', async () => {
    const { clock, sandboxes, at, mayEnter } = scene();
    const [one, two] = sandboxes;
    const place = await one.enter(at('job-1'));
    await expect
      .poll(async () => {
        clock.leap(1_000);
        return (await laneEndMs()) > clock.nowMs();
      })
      .toBe(true);
    expect(await mayEnter(two, 'job-2')).toBe(false);
    expect(place?.signal.aborted).toBe(false);
    await place?.leave(answered);
    expect(await mayEnter(two, 'job-2')).toBe(true);
  });
});

describe('a lane', () => {
  it('is free again when the sandbox that had it has died', async () => {
    const { clock, sandboxes, at, hang, mayEnter } = scene();
    const [one, two, three] = sandboxes;
    await hang(one, 'job-1');
    await two.enter(at('job-2'));
    expect(await mayEnter(three, 'job-3')).toBe(false);
    clock.leap(slowLaneMs + 1);
    expect(await mayEnter(three, 'job-3')).toBe(true);
  });
});

describe('a receiver that timed out', () => {
  it('is left alone for a minute, whatever its query, and then tried by one attempt', async () => {
    const { clock, sandboxes, at, hang, mayEnter } = scene();
    const [sandbox] = sandboxes;
    await hang(sandbox, 'dead?n=1');
    expect(await mayEnter(sandbox, 'dead?n=2')).toBe(false);
    expect(await mayEnter(sandbox, 'dead/other')).toBe(true);
    clock.leap(slowReceiverMs);
    const probe = await sandbox.enter(at('dead'));
    expect(probe).toBeDefined();
    expect(await mayEnter(sandbox, 'dead')).toBe(false);
    await probe?.leave(answered);
    expect(await mayEnter(sandbox, 'dead')).toBe(true);
  });

  it('is not who cannot be reached at all', async () => {
    const { sandboxes, at, mayEnter } = scene();
    const [one, two] = sandboxes;
    await (await one.enter(at('down')))?.leave(failed('unreachable'));
    await two.enter(at('other'));
    expect(await mayEnter(one, 'down')).toBe(true);
  });
});
