import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { newerVersionMs } from '../limits.ts';
import { type EpochMs, epochMs } from './time.ts';

/*
 * The job's life:
 *
 *            claim                    settle
 *   queued ─────────► in_progress ─────────────► completed | incomplete | failed | cancelled
 *      ▲                   │
 *      └───────────────────┘
 *    requeue, promote, expire
 *
 * Terminal is final. Who may write what and under which condition: transition.ts.
 */

export const jobStatuses = [
  'queued',
  'in_progress',
  'completed',
  'incomplete',
  'failed',
  'cancelled',
] as const;
export type JobStatus = (typeof jobStatuses)[number];

const instant = z.pipe(
  z.int(),
  z.transform((value): EpochMs => epochMs(value)),
);
const count = z.int().check(z.gte(0));

const usageSchema = z.object({
  input_tokens: count,
  output_tokens: count,
  total_tokens: count,
});
/** Tokens as the upstream told them. */
export type Usage = z.infer<typeof usageSchema>;

const jobErrorSchema = z.object({
  message: z.string(),
  type: z.string(),
  param: z.nullable(z.string()),
  code: z.string(),
  /** The HTTP status that a client still waiting for this job is answered with. */
  httpStatus: z.int(),
});
/** Why a job failed, in the words a client may read. */
export type JobError = z.infer<typeof jobErrorSchema>;

const attemptRecordFields = {
  attempt: count,
  via: z.enum(['inline', 'worker']),
  upstream: z.string(),
  model: z.string(),
  /** It went on with the generation of the attempt before, and cost nothing anew. */
  adopted: z.optional(z.boolean()),
  startedAtMs: instant,
  endedAtMs: z.optional(instant),
  /** `lost` means that the lease ran out; `superseded`, that somebody else ended the job. */
  outcome: z.optional(
    z.enum([
      'completed',
      'incomplete',
      'failed',
      'cancelled',
      'requeued',
      'promoted',
      'lost',
      'superseded',
    ]),
  ),
  errorCode: z.optional(z.string()),
  errorMessage: z.optional(z.string()),
  /** Absent when nothing was done that could be billed, or when another attempt accounts for it. */
  usage: z.optional(usageSchema),
  /** No upstream told `usage`, or not all of it. */
  usageEstimated: z.optional(z.boolean()),
  /** The job's `seq` when the attempt began: what came after it is the attempt's output. */
  fromSeq: z.optional(count),
  /** Of a generation that could be resumed, and that it ran: the attempt that began it. */
  generation: z.optional(count),
};
/** One line of the ledger: an attempt, what became of it and what it cost. */
export type AttemptRecord = z.infer<z.ZodMiniObject<typeof attemptRecordFields>>;
/*
 * The ledger is written back whole, so what a later version has put into its records is kept; the
 * job's other fields are written one by one, and an unknown one stays where it is.
 */
const attemptRecordSchema: z.ZodMiniType<AttemptRecord> = z.looseObject(attemptRecordFields);

/** Of items and messages; when it is raised: docs/decisions/schema-version.md. */
export const jobVersion = 1;

const recordFields = {
  v: z.literal(jobVersion),
  id: z.string(),
  api: z.enum(['generate', 'responses', 'chat']),
  tenant: z.string(),
  /** The model asked for, or the default one. */
  model: z.string(),
  metadata: z.optional(z.record(z.string(), z.string())),
  /** Origin and stage path under which the result URL is served, without a trailing slash. */
  resultBaseUrl: z.string(),
  /** The client asked not to be waited for. */
  background: z.optional(z.boolean()),
  /** A live stream that its client cannot resume: once shown, it is never restarted. */
  live: z.optional(z.boolean()),
  /** Its content is erased soon after it ended. */
  unstored: z.optional(z.boolean()),
  previousResponseId: z.optional(z.string()),
  /** Where its end is to be told, and which ends, if not all. */
  callback: z.optional(z.object({ url: z.string(), events: z.optional(z.array(z.string())) })),
  /** Its tenant had endpoints that may be told of its end when it was accepted. */
  notify: z.optional(z.literal(true)),
  /** The key it was asked for with, and until when it is found by it. */
  idempotency: z.optional(
    z.object({
      keyHash: z.string(),
      expiresAtMs: instant,
      /** The request streams: it is replayed from the transcript, which therefore is kept whole. */
      streamed: z.optional(z.boolean()),
    }),
  ),
  /** The failed job that this one repeats, and the other way round. */
  retryOf: z.optional(z.string()),
  retriedAs: z.optional(z.string()),
  createdAtMs: instant,
  deadlineAtMs: instant,
  resultExpiresAtMs: instant,
  /** Of a live job of a tenant with limits on jobs: whether it has its turn (turn.ts). */
  turn: z.optional(z.string()),
  /** What its tenant was charged when it was accepted, to be settled when it has ended. */
  charge: z.optional(
    z.object({
      /** Tokens reserved of the limit of that day, in UTC. */
      day: z.optional(z.string()),
      tokens: z.optional(count),
      /** It counts as one of the tenant's live jobs. */
      isCounted: z.optional(z.boolean()),
      /** It needs one of the tenant's slots to run. */
      needsSlot: z.optional(z.boolean()),
    }),
  ),
  /** The figures are there when they were asked for: of one that was predicted, all three. */
  admission: z.object({
    decision: z.enum(['inline', 'queued']),
    why: z.string(),
    predictedMs: z.optional(count),
    observed: z.optional(count),
    waitMs: z.optional(count),
  }),

  attempt: count,
  /** Fresh and random for each claim: the lease's holder. */
  owner: z.string(),
  writeNo: count,
  leaseExpiresAtMs: instant,
  epoch: count,
  strikes: count,
  /** Which of the upstreams that answer the model is used: 0 is the first choice. */
  choice: z.optional(count),
  /** The generation at the upstream that can be resumed, and the last of its events we hold. */
  upstreamId: z.optional(z.string()),
  upstreamSeq: z.optional(count),
  /** The upstream has still to be told to stop. */
  stopOwed: z.optional(z.literal(true)),
  notBeforeMs: instant,
  /** When its generation was last seen to go on without a worker. */
  seenAtMs: z.optional(instant),
  /**
   * Why it was deferred: `circuit`, `retry_budget` or `tenant_limit`; `upstream` is that it is parked
   * (park.ts). Means something while it is queued.
   */
  waitingFor: z.optional(z.string()),
  /** When the sweep must look at the job; absent only when nothing is left to do. */
  dueAtMs: z.optional(instant),
  followedUntilMs: z.optional(instant),
  /** Somebody waits for its end, or for each piece of it, until then. */
  awaitedUntilMs: z.optional(instant),

  /** The transcript chunks that count, in order: each attempt's up to and including `upTo`. */
  segments: z.array(z.object({ attempt: count, upTo: count })),
  /** The last sequence number in use; the first is 1. */
  seq: count,
  /** The nonce under which the request's chunks are kept. */
  upload: z.string(),
  requestChunks: count,
  /** An estimate of what the request costs to read, once for each call. */
  inputTokens: z.optional(count),
  ledger: z.array(attemptRecordSchema),
};

const liveSchema = z.object({ ...recordFields, status: z.enum(['queued', 'in_progress']) });

const endedSchema = z.object({
  ...recordFields,
  status: z.enum(['completed', 'incomplete', 'failed', 'cancelled']),
  endedAtMs: instant,
  /** When its content was erased: what is left is a tombstone. */
  deletedAtMs: z.optional(instant),
  /** The model that answered, as the upstream names it. */
  answeredBy: z.optional(z.string()),
  usage: z.optional(usageSchema),
  /** The tokens that its tenant's day was settled with. */
  accountedTokens: z.optional(count),
  error: z.optional(jobErrorSchema),
  final: z.optional(z.object({ attempt: count, chunks: count })),
  /** Its end has still to be told, or told again: `deliveryNo` counts how often that was asked for. */
  owed: z.optional(z.literal(true)),
  deliveryNo: z.optional(count),
});

const jobSchema = z.discriminatedUnion('status', [liveSchema, endedSchema]);

export type LiveJob = z.infer<typeof liveSchema>;
export type EndedJob = z.infer<typeof endedSchema>;
export type Job = LiveJob | EndedJob;

export const isEnded = (job: Job): job is EndedJob =>
  job.status !== 'queued' && job.status !== 'in_progress';

/** Whether a later version, which alone knows what it means, wrote an item or a message. */
export const isNewer = (value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  'v' in value &&
  typeof value.v === 'number' &&
  value.v > jobVersion;

/**
 * A job as read from the table. Throws Faults `item_newer`, and `item_unreadable` when it is not one.
 */
export const parseJob = (item: unknown): Job => {
  if (isNewer(item)) {
    throw new Fault('item_newer', 'The job was written by a later version of this service.', {
      retry: { kind: 'later', afterMs: newerVersionMs },
      retryAfterMs: newerVersionMs,
    });
  }
  const parsed = jobSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Fault('item_unreadable', `The job's record cannot be read (fields: ${fields}).`);
};
