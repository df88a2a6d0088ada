import type { Delivery, DeliveryKey, DeliveryState } from './callback/delivery.ts';
import type { EndpointHealth } from './callback/endpoint-health.ts';
import type { CallbackKey } from './callback/keys.ts';
import type { CallbackOutcome } from './callback/outcome.ts';
import type { SignatureHeaders } from './callback/sign.ts';
import type { Job, JobError } from './job/job.ts';
import type { EpochMs } from './job/time.ts';
import type { JobWrite } from './job/write.ts';
import type { Evidence, UpstreamUse } from './upstream-health/evidence.ts';
import type { Health } from './upstream-health/health.ts';
import type { CallKind, Passage } from './upstream-health/passage.ts';
import type { JsonObject, Protocol, UpstreamCall } from './wire/production.ts';
import type { LimitName, TenantLimits } from './wire/tenant-limits.ts';

/** What became of a conditional write. `doubtful`: no answer came, so it may or may not be there. */
export type WriteOutcome =
  | { readonly kind: 'written'; readonly job: Job }
  | { readonly kind: 'refused' }
  | { readonly kind: 'doubtful'; readonly cause: unknown };

export type CreateOutcome =
  | { readonly kind: 'created' | 'refused' }
  | { readonly kind: 'doubtful'; readonly cause: unknown };

/** The jobs' items. Methods throw Fault `store_unavailable` where no outcome says otherwise. */
export interface JobStore {
  /** Puts the item if no job has its id. */
  create(job: Job): Promise<CreateOutcome>;
  /**
   * `eventual` costs half and may be a moment old. Undefined when there is none or it expired. Throws
   * also Faults `item_newer` and `item_unreadable`.
   */
  load(id: string, consistency: 'strong' | 'eventual'): Promise<Job | undefined>;
  write(write: JobWrite): Promise<WriteOutcome>;
  /**
   * Takes an item that `load` calls unreadable out of the sweep's way: one that is queued or in
   * progress ends as `failed` with `error`, and whatever it is, it is due no more. `spared` is one
   * of a later version, or none.
   */
  condemn(id: string, error: JobError, atMs: EpochMs): Promise<'failed' | 'disarmed' | 'spared'>;
  /** Deletes the item if the clauses of `write` hold (its changes are not looked at). */
  withdraw(write: JobWrite): Promise<'withdrawn' | 'refused'>;
  /** Ids of a tenant's jobs that start with `prefix`, by time, after `after` in that order. */
  list(query: {
    readonly tenant: string;
    readonly prefix: string;
    readonly order: 'asc' | 'desc';
    readonly after: string | undefined;
    readonly limit: number;
  }): Promise<readonly string[]>;
  /** Ids of jobs with `dueAtMs` ≤ `atMs` in one of the due index's partitions (0 to 15), oldest first. */
  due(shard: number, atMs: EpochMs, limit: number): Promise<readonly string[]>;
}

/** Consecutive text deltas of one attempt; the first has sequence number `first`, and so on. */
export type TranscriptChunk = {
  readonly attempt: number;
  readonly first: number;
  readonly deltas: readonly string[];
};

/** Requests, transcripts and final objects: everything that holds a prompt or an output. */
export interface ContentStore {
  /**
   * Returns how many chunks it took. When it throws, what was written is dropped again as far as
   * possible.
   */
  putRequest(
    jobId: string,
    upload: string,
    request: unknown,
    expiresAtMs: EpochMs,
  ): Promise<number>;
  /** Throws Fault `item_unreadable` when a chunk is missing. */
  getRequest(job: Job): Promise<unknown>;
  dropRequest(jobId: string, upload: string, chunks: number): Promise<void>;
  putChunk(jobId: string, chunk: TranscriptChunk, expiresAtMs: EpochMs): Promise<void>;
  /** The chunks of the job's segments in order, read strongly; may hold fewer than `job.seq` says. */
  readChunks(job: Job): Promise<readonly TranscriptChunk[]>;
  /** Returns how many chunks it took. */
  putFinal(jobId: string, attempt: number, final: unknown, expiresAtMs: EpochMs): Promise<number>;
  /** Deletes all of a job's content; of what is put meanwhile some may stay. */
  purge(jobId: string): Promise<void>;
  getFinal(
    jobId: string,
    final: { readonly attempt: number; readonly chunks: number },
  ): Promise<unknown>;
}

/** What an `Idempotency-Key` stands for, until it expires. */
export type KeyRecord = {
  readonly jobId: string;
  /** Of the request that came with it first. */
  readonly fingerprint: string;
  readonly expiresAtMs: EpochMs;
};

/**
 * A tenant's idempotency keys, by the SHA-256 (hex) of the key. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface IdempotencyKeys {
  /** Read strongly; undefined when there is none, or none that is in force at `nowMs`. */
  find(tenant: string, keyHash: string, nowMs: EpochMs): Promise<KeyRecord | undefined>;
  /**
   * Puts `record` unless one is in force at `nowMs`; the one that then is. Repeated with the same
   * record it finds that. When it throws, the record may be there or not.
   */
  reserve(tenant: string, keyHash: string, record: KeyRecord, nowMs: EpochMs): Promise<KeyRecord>;
  /** Afterwards the key does not stand for that job. */
  release(tenant: string, keyHash: string, jobId: string): Promise<void>;
}

/** A hint that a job wants a worker; the item is the truth. */
export type JobMessage = { readonly v: 1; readonly jobId: string; readonly epoch: number };

/** Methods throw Fault `queue_unavailable`. */
export interface Queue {
  /** `delayMs` up to 15 minutes, rounded up to whole seconds. `tenant` is the message group. */
  send(message: JobMessage, tenant: string, delayMs: number): Promise<void>;
}

/** A hint that a job's end is to be told: to everybody, or to one target. */
export type DeliveryMessage = {
  readonly v: 1;
  readonly jobId: string;
  readonly deliveryNo: number;
  readonly target?: string | undefined;
};

/** Methods throw Fault `queue_unavailable`. */
export interface DeliveryQueue {
  /** As `Queue.send`. */
  send(message: DeliveryMessage, tenant: string, delayMs: number): Promise<void>;
}

/** A message that its queue has given up. */
export type DeadLetter = {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  readonly sentAtMs: EpochMs;
};

/** A dead-letter queue. Methods throw Fault `queue_unavailable`. */
export interface DeadLetters {
  /** Up to ten that nobody has taken, which are the caller's for ten minutes; none: that is all. */
  take(): Promise<readonly DeadLetter[]>;
  remove(letter: DeadLetter): Promise<void>;
  /** Lets others take it again. */
  release(letter: DeadLetter): Promise<void>;
}

/** The delivered message's own receipt: how long until SQS shows it again (1 s to 12 h). */
export interface Visibility {
  change(receiptHandle: string, afterMs: number): Promise<void>;
}

export type ChatMessage = {
  readonly role: string;
  readonly content: unknown;
  readonly [field: string]: unknown;
};

/** Keys that sign result URLs: the first signs, all verify. Created on first use. */
export interface SigningKeys {
  current(): Promise<readonly Uint8Array[]>;
}

export type ApiKey = {
  readonly id: string;
  readonly tenant: string;
  readonly scopes: readonly string[];
  readonly createdAtMs: EpochMs;
  /** From then on it is refused; absent for a key that does not expire. */
  readonly expiresAtMs?: EpochMs | undefined;
  readonly revokedAtMs?: EpochMs | undefined;
};

/**
 * API keys by the hash of their secret; the secret itself is nowhere. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface ApiKeyStore {
  /** A revoked or expired key is found too. What was created or revoked before the call is seen. */
  find(secretHash: string): Promise<ApiKey | undefined>;
  /** Done when it resolves; when it throws the key may be there or not. */
  create(key: ApiKey, secretHash: string): Promise<void>;
  /** A tenant's keys, revoked ones too, oldest first. A key of the last moments may be missing. */
  list(tenant: string): Promise<readonly ApiKey[]>;
  /** The key as revoked, by this call or an earlier one; undefined when the tenant has no such key. */
  revoke(tenant: string, keyId: string, atMs: EpochMs): Promise<ApiKey | undefined>;
}

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
};

/**
 * The slots of tenants with a limit on jobs in flight, and who waits for one. Reads of slots are
 * consistent, those of who waits a moment old. Methods throw Fault `store_unavailable`.
 */
export interface TenantTurns {
  /** The job has a slot afterwards, also when it had one before; or all `limit` are taken. */
  takeSlot(tenant: string, jobId: string, limit: number): Promise<'taken' | 'full'>;
  /** Afterwards the job has none. */
  giveSlotBack(tenant: string, jobId: string): Promise<void>;
  find(tenant: string): Promise<TenantJobs>;
  /** Takes slots from jobs that were found to need none; refused when one was taken since `seenRev`. */
  reclaim(tenant: string, jobIds: readonly string[], seenRev: number): Promise<'done' | 'refused'>;
  /** Ids of the tenant's jobs that wait, oldest first. */
  waiting(tenant: string, limit: number): Promise<readonly string[]>;
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

/** What became of the keys that sign result URLs. */
export type Rotation = {
  /** When the new key signs; until then the one before it does. */
  readonly signsFromMs: EpochMs;
  /** When the newest of the keys that still verify beside it was made. */
  readonly keptFromMs: EpochMs | undefined;
  /** When the key that verifies no more was made. */
  readonly droppedFromMs: EpochMs | undefined;
};

export interface SigningKeyRotation {
  /** Throws Faults `store_unavailable`, also when another rotation came between, or `item_unreadable`. */
  rotate(): Promise<Rotation>;
}

/** A job's item as an audit finds it; of one that cannot be read, as much as can be told. */
export type AuditedItem =
  | { readonly kind: 'job'; readonly job: Job }
  | {
      readonly kind: 'unreadable';
      readonly id: string;
      readonly status: string | undefined;
      readonly deadlineAtMs: number | undefined;
      readonly dueAtMs: number | undefined;
      readonly why: string;
    };

/** Reads the whole table, for an operator's command alone. */
export interface JobAudit {
  /**
   * The jobs created from `fromMs` on and before `toMs`, and all that have not ended or were due
   * before `lateMs`, whenever they were created; page by page, in `segments` parts at once. Without
   * content, and a moment old. Throws Fault `store_unavailable`.
   */
  scan(
    wanted: {
      readonly fromMs: EpochMs;
      readonly toMs: EpochMs;
      readonly lateMs: EpochMs;
      readonly tenant: string | undefined;
    },
    part: { readonly segment: number; readonly of: number },
  ): AsyncIterable<{ readonly items: readonly AuditedItem[]; readonly readUnits: number }>;
}

export interface Clock {
  nowMs(): EpochMs;
  /** Resolves after `ms`, or rejects with the signal's reason. Keeps the process alive till then. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Ids {
  /** 128 bits, sortable by time, without a prefix. */
  next(): string;
  /** 128 random bits: owners and nonces. */
  nonce(): string;
  /** Random bytes, of which a secret is made. */
  secretBytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  random(): number;
}

/** Structured log. `event` is subject then past participle: `attempt.started`. Never content or keys. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** `error` in the fields is logged with its stack and causes. */
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** What is known of each upstream, in one item. Methods throw Fault `store_unavailable`. */
export interface UpstreamHealthStore {
  /** Of an upstream that nothing is known of, a healthy one. Also throws `item_unreadable`. */
  load(upstream: string): Promise<Health>;
  /** `next` replaces what was read as `seenRev`. A `refused` may be the echo of a save that landed. */
  save(upstream: string, next: Health, seenRev: number): Promise<'saved' | 'refused'>;
}

/**
 * How the upstreams are, as all sandboxes know it: the retry budgets and the circuits. Never throws:
 * an upstream whose health cannot be told is taken for healthy.
 */
export interface UpstreamHealth {
  /**
   * Whether a call may be made. The token or the probe's place that it needs is taken by asking, and
   * what it comes to has to be reported.
   */
  mayCall(upstream: string, model: string, kind: CallKind): Promise<Passage>;
  report(use: UpstreamUse, evidence: Evidence): Promise<void>;
}

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
  readonly upstreams: Upstreams;
  readonly health: UpstreamHealth;
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

/** A model server that speaks one or both of OpenAI's protocols. Supersedes `Upstream`. */
export interface UpstreamServer {
  /** The name it has in the ledger. */
  readonly name: string;
  /** How `generate` and `responses` jobs are put to it; `chat` jobs always go as chat. */
  readonly protocol: Protocol;
  /** Whether a generation started with `background: true` goes on without us and can be resumed. */
  readonly adoptable: boolean;
  /**
   * One generation, as the upstream's own events, parsed. The iteration ends after the event that
   * ends the generation (responses), or at the stream's end once every finish reason came (chat);
   * else it throws: a Fault `upstream_*` with its retry reading, or the signal's reason once that
   * aborts. Ending the iteration early closes the connection.
   */
  open(call: UpstreamCall, signal: AbortSignal): AsyncIterable<JsonObject>;
  /** A background generation's events after `startingAfter`. Throws Fault `upstream_lost` when it is not there any more or cannot be streamed. */
  resume(
    upstreamId: string,
    startingAfter: number | undefined,
    signal: AbortSignal,
  ): AsyncIterable<JsonObject>;
  /** The generation's response object as it is now. Throws Fault `upstream_lost` when it is gone. */
  retrieve(upstreamId: string, signal: AbortSignal): Promise<JsonObject>;
  /** Stops a background generation; one that has ended or is gone is fine. */
  cancel(upstreamId: string, signal: AbortSignal): Promise<void>;
  /** The models it offers, as it lists them. */
  models(signal: AbortSignal): Promise<readonly JsonObject[]>;
}

/** The upstreams of the configuration, and which of them answers a model. */
export interface Upstreams {
  readonly defaultModel: string;
  /** Where a model is asked for, first choice first; the rest are fallbacks, with their own models. */
  route(model: string): readonly { readonly upstream: UpstreamServer; readonly model: string }[];
  /** By its name in the ledger; undefined when it is not configured any more. */
  named(name: string): UpstreamServer | undefined;
  all(): readonly UpstreamServer[];
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
