import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
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

const attemptRecordSchema = z.object({
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
  usage: z.optional(usageSchema),
});
/** One line of the ledger: an attempt, what became of it and what it cost. */
export type AttemptRecord = z.infer<typeof attemptRecordSchema>;

const recordFields = {
  v: z.literal(1),
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
  /** The failed job that this one repeats, and the other way round. */
  retryOf: z.optional(z.string()),
  retriedAs: z.optional(z.string()),
  createdAtMs: instant,
  deadlineAtMs: instant,
  resultExpiresAtMs: instant,
  admission: z.object({ decision: z.enum(['inline', 'queued']), why: z.string() }),

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
  /** When the sweep must look at the job; absent only when nothing is left to do. */
  dueAtMs: z.optional(instant),
  followedUntilMs: z.optional(instant),

  /** The transcript chunks that count, in order: each attempt's up to and including `upTo`. */
  segments: z.array(z.object({ attempt: count, upTo: count })),
  /** The last sequence number in use; the first is 1. */
  seq: count,
  /** The nonce under which the request's chunks are kept. */
  upload: z.string(),
  requestChunks: count,
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
  error: z.optional(jobErrorSchema),
  final: z.optional(z.object({ attempt: count, chunks: count })),
});

const jobSchema = z.discriminatedUnion('status', [liveSchema, endedSchema]);

export type LiveJob = z.infer<typeof liveSchema>;
export type EndedJob = z.infer<typeof endedSchema>;
export type Job = LiveJob | EndedJob;

export const isEnded = (job: Job): job is EndedJob =>
  job.status !== 'queued' && job.status !== 'in_progress';

/** A job as read from the table. Throws Fault `item_unreadable` when it is not one. */
export const parseJob = (item: unknown): Job => {
  const parsed = jobSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).join(', ');
  throw new Fault('item_unreadable', `The job's record cannot be read (fields: ${fields}).`);
};
