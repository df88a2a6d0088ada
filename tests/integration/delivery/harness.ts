import { randomBytes } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { dynamoTenants } from '../../../lib/adapters/dynamo-tenants.ts';
import { type DeliverDeps, deliver } from '../../../lib/delivery/deliver.ts';
import { createEndpoint } from '../../../lib/delivery/endpoints.ts';
import { newPatience, type Patience } from '../../../lib/delivery/patience.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import type { Job } from '../../../lib/job/job.ts';
import type { CallbackEndpoint } from '../../../lib/ports/callbacks.ts';
import { type CallbackReceiver, startCallbackReceiver } from '../../fixtures/callbacks.ts';
import {
  type Engine,
  type EngineDeps,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

export type DeliveryDeps = EngineDeps & DeliverDeps;

/** What calls back, on the engine; `changed` replaces ports, usually by wrapped ones. */
export const deliveryDeps = (
  engine: Engine,
  clock: TestClock,
  changed: (real: DeliveryDeps) => Partial<DeliveryDeps> = () => ({}),
): DeliveryDeps => {
  const real = {
    ...engine.deps(clock),
    tenants: dynamoTenants(engine.table.client, engine.table.tableName),
  };
  return { ...real, ...changed(real) };
};

/** A tenant of its own for each test. */
export const newTenant = (): string => `tenant-${randomBytes(6).toString('hex')}`;

/** A job of that tenant that has ended, and owes what it owes. */
export const endedJob = (
  deps: DeliveryDeps,
  asked: Parameters<typeof submission>[0] = {},
): Promise<Job> => submitAndWait(deps, submission(asked), unending());

type Given = {
  readonly signal?: AbortSignal;
  readonly receiveCount?: number;
  readonly patience?: Patience;
};

/** What a message of the deliveries queue brings about, in a sandbox of its own unless one is given. */
export const tell = (
  deps: DeliveryDeps,
  jobId: string,
  target?: string,
  deliveryNo = 1,
  { signal = unending(), receiveCount = 1, patience = newPatience(deps, 1) }: Given = {},
) => deliver(deps, { v: 1, jobId, deliveryNo, target }, { signal, receiveCount, patience });

export const endpointOf = async (
  deps: DeliveryDeps,
  tenant: string,
  url: string,
  events?: readonly ['response.failed'],
): Promise<CallbackEndpoint> =>
  createEndpoint(deps, tenant, { url, ...(events === undefined ? {} : { events }) });

type Asked = Parameters<typeof endedJob>[1];

/** An engine for a file's tests; for each test a receiver, a clock and a tenant of its own. */
export const deliveryScene = () => {
  let engine: Engine;
  let receiver: CallbackReceiver;
  let clock: TestClock;
  let deps: DeliveryDeps;
  let tenant: string;

  beforeAll(async () => {
    engine = await startEngine();
  });
  beforeEach(async () => {
    receiver = await startCallbackReceiver({
      '/down-twice': [500, 503, 204],
      '/down': [500],
      '/gone': [410],
      '/moved': [302],
      '/hangs': [0],
    });
    clock = testClock();
    deps = deliveryDeps(engine, clock);
    tenant = newTenant();
  });
  afterEach(() => receiver.close());
  afterAll(() => engine.close());

  const job = (path = '/hook', more: Asked = {}): Promise<Job> =>
    endedJob(deps, { tenant, callback: { url: receiver.url(path) }, ...more });

  return {
    get engine() {
      return engine;
    },
    get receiver() {
      return receiver;
    },
    get clock() {
      return clock;
    },
    get deps() {
      return deps;
    },
    get tenant() {
      return tenant;
    },
    job,
    /** A job whose own callback has been put on record. */
    toldJob: async (path?: string, more: Asked = {}): Promise<Job> => {
      const ended = await job(path, more);
      await tell(deps, ended.id);
      return ended;
    },
    /** The one delivery of a job. */
    only: async (jobId: string) => {
      const [delivery, ...others] = await deps.deliveries.ofJob(jobId);
      expect(others).toEqual([]);
      if (delivery === undefined) throw new Error('no delivery');
      return delivery;
    },
  };
};
