import type {
  CallbackEndpoints,
  CallbackSecrets,
  CallbackTransport,
  DeliveryStore,
  SlowLanes,
} from './ports/callbacks.ts';
import type { ContentStore } from './ports/content.ts';
import type { ModelDurations } from './ports/durations.ts';
import type { IdempotencyKeys } from './ports/idempotency-keys.ts';
import type { JobStore, RecordWatch } from './ports/jobs.ts';
import type { ApiKeyStore, SigningKeys } from './ports/keys.ts';
import type { DeliveryQueue, Queue } from './ports/queues.ts';
import type { Clock, Ids, Log } from './ports/system.ts';
import type { KnownLimits, TenantCounts, TenantStore, TenantTurns } from './ports/tenants.ts';
import type { UpstreamHealth, Upstreams } from './ports/upstreams.ts';

export type Deps = {
  readonly jobs: JobStore;
  readonly content: ContentStore;
  readonly idempotencyKeys: IdempotencyKeys;
  readonly queue: Queue;
  readonly deliveryQueue: DeliveryQueue;
  readonly deliveries: DeliveryStore;
  readonly endpoints: CallbackEndpoints;
  readonly callbackSecrets: CallbackSecrets;
  readonly callbacks: CallbackTransport;
  readonly slowLanes: SlowLanes;
  readonly upstreams: Upstreams;
  readonly health: UpstreamHealth;
  readonly durations: ModelDurations;
  /** What becomes of a request that would be begun anew after its wait, and nothing is known of. */
  readonly admitUnseen: 'inline' | 'queued';
  readonly records: RecordWatch;
  readonly signingKeys: SigningKeys;
  readonly apiKeys: ApiKeyStore;
  readonly tenants: TenantStore;
  readonly tenantCounts: TenantCounts;
  readonly tenantTurns: TenantTurns;
  readonly knownLimits: KnownLimits;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Log;
};
