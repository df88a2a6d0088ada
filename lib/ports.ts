import type { Job } from './job/job.ts';
import type { EpochMs } from './job/time.ts';
import type { JobWrite } from './job/write.ts';
import type { JsonObject, Protocol, UpstreamCall } from './wire/production.ts';

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
  /** `eventual` costs half and may be a moment old. Undefined when there is none or it expired. */
  load(id: string, consistency: 'strong' | 'eventual'): Promise<Job | undefined>;
  write(write: JobWrite): Promise<WriteOutcome>;
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

/** A hint that a job wants a worker; the item is the truth. */
export type JobMessage = { readonly v: 1; readonly jobId: string; readonly epoch: number };

/** Methods throw Fault `queue_unavailable`. */
export interface Queue {
  /** `delayMs` up to 15 minutes, rounded up to whole seconds. `tenant` is the message group. */
  send(message: JobMessage, tenant: string, delayMs: number): Promise<void>;
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
  readonly revokedAtMs?: EpochMs | undefined;
};

/**
 * API keys by the hash of their secret; the secret itself is nowhere. Methods throw Fault
 * `store_unavailable` or `item_unreadable`.
 */
export interface ApiKeyStore {
  /** A revoked key is found too. What was created or revoked before the call is seen. */
  find(secretHash: string): Promise<ApiKey | undefined>;
  /** Done when it resolves; when it throws the key may be there or not. */
  create(key: ApiKey, secretHash: string): Promise<void>;
  /** A tenant's keys, revoked ones too, oldest first. A key of the last moments may be missing. */
  list(tenant: string): Promise<readonly ApiKey[]>;
  /** The key as revoked, by this call or an earlier one; undefined when the tenant has no such key. */
  revoke(tenant: string, keyId: string, atMs: EpochMs): Promise<ApiKey | undefined>;
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

export type Deps = {
  readonly jobs: JobStore;
  readonly content: ContentStore;
  readonly queue: Queue;
  readonly upstreams: Upstreams;
  readonly signingKeys: SigningKeys;
  readonly apiKeys: ApiKeyStore;
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
