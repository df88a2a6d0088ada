import { randomBytes } from 'node:crypto';
import { dynamoTenants } from '../../../lib/adapters/dynamo-tenants.ts';
import { type DeliverDeps, deliver } from '../../../lib/delivery/deliver.ts';
import { createEndpoint } from '../../../lib/delivery/endpoints.ts';
import { newPatience } from '../../../lib/delivery/patience.ts';
import { submitAndWait } from '../../../lib/generation/submit-and-wait.ts';
import type { Job } from '../../../lib/job/job.ts';
import type { CallbackEndpoint } from '../../../lib/ports/callbacks.ts';
import { type Engine, type EngineDeps, submission, unending } from '../../fixtures/engine.ts';
import type { TestClock } from '../../fixtures/test-clock.ts';

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

type Given = { readonly signal?: AbortSignal; readonly receiveCount?: number };

/** What a message of the deliveries queue brings about, in a sandbox of its own. */
export const tell = (
  deps: DeliveryDeps,
  jobId: string,
  target?: string,
  deliveryNo = 1,
  { signal = unending(), receiveCount = 1 }: Given = {},
) =>
  deliver(
    deps,
    { v: 1, jobId, deliveryNo, target },
    { signal, receiveCount, patience: newPatience(deps.clock) },
  );

export const endpointOf = async (
  deps: DeliveryDeps,
  tenant: string,
  url: string,
  events?: readonly ['response.failed'],
): Promise<CallbackEndpoint> =>
  createEndpoint(deps, tenant, { url, ...(events === undefined ? {} : { events }) });
