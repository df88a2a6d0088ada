import type { EpochMs } from '../job/time.ts';
import type { LimitName, TenantLimits } from '../wire/tenant-limits.ts';

export type Tenant = {
  readonly name: string;
  readonly limits: TenantLimits;
  readonly changedAtMs: EpochMs;
};

/** Limits to set, and limits to lift; of one that is in both the value counts. */
export type TenantChange = { readonly set: TenantLimits; readonly lift: readonly LimitName[] };

/**
 * The tenants that were given limits; one that is not here has none. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface TenantStore {
  /** What was changed before the call is seen. */
  find(name: string): Promise<Tenant | undefined>;
  /** By name. A tenant of the last moments may be missing. */
  list(): Promise<readonly Tenant[]>;
  /**
   * The limits that the change does not name stay, also when they are changed at the same time.
   * Returns the tenant as it then is; undefined when there was nothing to lift.
   */
  change(name: string, change: TenantChange, atMs: EpochMs): Promise<Tenant | undefined>;
  /** Lifts everything. */
  remove(name: string): Promise<void>;
}

/** Whether a counter took what was asked of it, and where it then stands. */
export type Counted = {
  readonly kind: 'counted' | 'over';
  /** As much as is known: after an `over` it is at least what would have been too much. */
  readonly used: number;
};

/**
 * What tenants use of their limits. A count that was not answered is repeated, so that a counter can
 * only stand too high. Methods throw Fault `store_unavailable`.
 */
export interface TenantCounts {
  /** One more request in the minute of the clock that begins at `windowMs`, unless those are `limit`. */
  countRequest(tenant: string, windowMs: EpochMs, limit: number): Promise<Counted>;
  /** `tokens` more on a day such as `2026-11-20`, unless that made more than `limit`. */
  reserveTokens(tenant: string, day: string, tokens: number, limit: number): Promise<Counted>;
  /** Adds what may be negative. Tried once: when it throws, it may be there or not. */
  settleTokens(tenant: string, day: string, tokens: number): Promise<void>;
  /** One more live job, unless those are `limit`. */
  countJob(tenant: string, limit: number): Promise<Counted>;
  /** One less. Tried once, as `settleTokens`. */
  uncountJob(tenant: string): Promise<void>;
}

/** How far a tenant's counters have come, a moment old. Methods throw Fault `store_unavailable`. */
export interface TenantUsage {
  /** Requests in the minute of the clock that begins at `windowMs`. */
  requests(tenant: string, windowMs: EpochMs): Promise<number>;
  /** Tokens used or reserved on a day such as `2026-11-20`. */
  tokens(tenant: string, day: string): Promise<number>;
}

/** A tenant's jobs that are in flight, and how many of them are live. */
export type TenantJobs = {
  /** Ids of the jobs that hold a slot. */
  readonly inFlight: readonly string[];
  /** As counted; undefined while nothing was. */
  readonly live: number | undefined;
  /** By how much `live` was off when the sweep last counted the jobs themselves. */
  readonly drift: number;
  /** Counts the slots that were taken. */
  readonly rev: number;
  /** Ids whose job was not there at that time, and that nobody has taken the slot for since. */
  readonly missing: { readonly ids: readonly string[]; readonly atMs: number } | undefined;
};

/**
 * The slots of tenants with a limit on jobs in flight, and who waits for one. Reads of slots are
 * consistent, those of who waits a moment old. Methods throw Fault `store_unavailable`.
 */
export interface TenantTurns {
  /**
   * The job has a slot afterwards, or all `limit` are taken; without a limit it has one in any case.
   * `held` is that it had it before; an attempt that was not answered and repeated can say so too.
   */
  takeSlot(
    tenant: string,
    jobId: string,
    limit: number | undefined,
  ): Promise<'taken' | 'held' | 'full'>;
  /** Afterwards the job has none. */
  giveSlotBack(tenant: string, jobId: string): Promise<void>;
  find(tenant: string): Promise<TenantJobs>;
  /** Takes slots from jobs that were found to need none; refused when one was taken since `seenRev`. */
  reclaim(tenant: string, jobIds: readonly string[], seenRev: number): Promise<'done' | 'refused'>;
  /** Keeps in mind whose job was not there when it was looked for. */
  noteMissing(tenant: string, jobIds: readonly string[], atMs: EpochMs): Promise<void>;
  /** Ids of the tenant's jobs that wait, oldest first. */
  waiting(tenant: string, limit: number): Promise<readonly string[]>;
  /** Ids of those that have had their turn and have not ended, oldest first. */
  begun(tenant: string, limit: number): Promise<readonly string[]>;
  /** How many of its jobs the index holds, those that wait and those that do not. */
  countLive(tenant: string): Promise<number>;
  /** Moves `live` by `correction`, and keeps `drift` for the next time. */
  correct(tenant: string, correction: number, drift: number): Promise<void>;
  /** Tenants that have taken a slot or counted a job within the last days. */
  tenants(): Promise<readonly string[]>;
}

/** Limits of a tenant as this sandbox knows them, at most a minute old. Throws as `TenantStore.find`. */
export interface KnownLimits {
  of(tenant: string): Promise<TenantLimits>;
}
