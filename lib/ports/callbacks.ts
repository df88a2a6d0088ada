import type { Delivery, DeliveryKey, DeliveryState } from '../callback/delivery.ts';
import type { EndpointHealth } from '../callback/endpoint-health.ts';
import type { CallbackKey } from '../callback/keys.ts';
import type { CallbackOutcome } from '../callback/outcome.ts';
import type { SignatureHeaders } from '../callback/sign.ts';
import type { EpochMs } from '../job/time.ts';

/** Where a tenant wants all of its jobs' ends told, and how that has been going. */
export type CallbackEndpoint = EndpointHealth & {
  /** `cbe_` and 128 bits, sortable by time. */
  readonly id: string;
  readonly tenant: string;
  readonly url: string;
  /** The events it is told; absent for all. */
  readonly events?: readonly string[] | undefined;
  readonly createdAtMs: EpochMs;
  readonly keys: readonly CallbackKey[];
  /** Counts its changes. */
  readonly rev: number;
};

/**
 * The endpoints that tenants registered. Reads are consistent. Methods throw Fault `store_unavailable`
 * or `item_unreadable`.
 */
export interface CallbackEndpoints {
  /** Oldest first. */
  list(tenant: string): Promise<readonly CallbackEndpoint[]>;
  find(tenant: string, id: string): Promise<CallbackEndpoint | undefined>;
  /** Done when it resolves. */
  create(endpoint: CallbackEndpoint): Promise<void>;
  /** Refused when it is there no more or was changed since its `rev` was one less. */
  save(next: CallbackEndpoint): Promise<'saved' | 'refused'>;
  /** Afterwards it is not there. */
  remove(tenant: string, id: string): Promise<void>;
}

/** What signs the callbacks of a tenant's jobs that name their own URL. */
export type CallbackSecret = {
  readonly tenant: string;
  readonly keys: readonly CallbackKey[];
  readonly rev: number;
};

/** Consistent. Methods throw Fault `store_unavailable` or `item_unreadable`. */
export interface CallbackSecrets {
  find(tenant: string): Promise<CallbackSecret | undefined>;
  /** `rev` 1 is the first one. Refused when somebody else has changed it, or made it, meanwhile. */
  save(next: CallbackSecret): Promise<'saved' | 'refused'>;
}

/**
 * The deliveries of jobs' ends. Reads are consistent where no index is asked. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface DeliveryStore {
  /** Puts it unless it is there. When it throws, it may be there or not. */
  create(delivery: Delivery): Promise<void>;
  load(key: DeliveryKey): Promise<Delivery | undefined>;
  /** Refused when it is there no more or was changed since its `rev` was one less. */
  save(next: Delivery): Promise<'saved' | 'refused'>;
  /** A job's, oldest first. */
  ofJob(jobId: string): Promise<readonly Delivery[]>;
  /** Of a tenant in that state, those of the newest jobs first, after `after` in that order. */
  list(query: {
    readonly tenant: string;
    readonly state: DeliveryState;
    readonly after: DeliveryKey | undefined;
    readonly limit: number;
  }): Promise<readonly Delivery[]>;
  /** Those with `dueAtMs` ≤ `atMs` in one partition (0 to 3), oldest first. */
  due(shard: number, atMs: EpochMs, limit: number): Promise<readonly DeliveryKey[]>;
}

/**
 * Which tenants have receivers that keep a sandbox waiting, and which sandbox tries those: the one that
 * has their lane. Methods throw Fault `store_unavailable`.
 */
export interface SlowLanes {
  /** A moment old. */
  isSlow(tenant: string, nowMs: EpochMs): Promise<boolean>;
  /** The tenant counts as slow until then. */
  mark(tenant: string, untilMs: EpochMs): Promise<void>;
  /** The sandbox has the lane until then, also when it had it before; or another has it. */
  enter(
    lane: number,
    sandbox: string,
    at: { readonly nowMs: EpochMs; readonly untilMs: EpochMs },
  ): Promise<'entered' | 'taken'>;
  /** Afterwards the sandbox does not have it. */
  leave(lane: number, sandbox: string): Promise<void>;
}

/** Carries callbacks to receivers that tenants named: to the public internet and nowhere else. */
export interface CallbackTransport {
  /**
   * One delivery attempt. Whatever goes wrong is an outcome; `signal` ends it early as one that failed
   * (`stopped`).
   */
  post(
    url: string,
    headers: SignatureHeaders,
    body: string,
    signal: AbortSignal,
  ): Promise<CallbackOutcome>;
}
