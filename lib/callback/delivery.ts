import * as z from 'zod/mini';
import { after, type EpochMs, epochMs } from '../job/time.ts';
import { deliveryResendMs } from '../limits.ts';

/*
 * One target's delivery of one job's end:
 *
 *             claim                         record
 *   pending ─────────► pending, claimed ─────────────► delivered | failed
 *      ▲                      │
 *      └──────────────────────┘
 *        record, or the claim runs out
 *
 * What is pending always has a due time. Each change is written if nothing else was since it was read
 * (`rev`), so of two messages for one delivery a single one leads to an attempt.
 */

const instant = z.pipe(
  z.int(),
  z.transform((value): EpochMs => epochMs(value)),
);
const count = z.int().check(z.gte(0));

const attemptFields = {
  atMs: instant,
  /** The receiver's HTTP status, where it answered. */
  status: z.optional(z.int()),
  /** Why there was no answer. */
  error: z.optional(z.string()),
  tookMs: count,
  /** The beginning of the answer. */
  firstBytes: z.optional(z.string()),
};

export const deliveryStates = ['pending', 'delivered', 'failed'] as const;
export type DeliveryState = (typeof deliveryStates)[number];

/** The job's own `callback.url`, as a target; other targets are the ids of endpoints. */
export const ownTarget = 'own';

const deliveryFields = {
  v: z.literal(1),
  jobId: z.string(),
  deliveryNo: count,
  target: z.string(),
  tenant: z.string(),
  /** Where the first attempt goes; of an endpoint the URL it then has counts. */
  url: z.string(),
  state: z.enum(deliveryStates),
  /** Why it has failed for good. */
  why: z.optional(z.string()),
  /** Attempts begun, of which the log may hold fewer. */
  attempts: count,
  firstAttemptAtMs: z.optional(instant),
  log: z.array(z.looseObject(attemptFields)),
  /** Not before. */
  nextAtMs: instant,
  /** Whoever holds it, and until when. */
  claim: z.optional(z.string()),
  claimedUntilMs: z.optional(instant),
  /** How often its message was sent again since the last attempt. */
  reminders: count,
  /** How often it found no place since the last attempt. */
  putOffs: z.optional(count),
  dueAtMs: z.optional(instant),
  createdAtMs: instant,
  /** With the result: nothing is told of what cannot be read any more. */
  resultExpiresAtMs: instant,
  rev: count,
};
/** Written back whole, so what a later version has put into it is kept. */
const deliverySchema = z.looseObject(deliveryFields);

export type DeliveryAttempt = z.infer<z.ZodMiniObject<typeof attemptFields>>;
export type Delivery = z.infer<z.ZodMiniObject<typeof deliveryFields>>;
export type DeliveryKey = Pick<Delivery, 'jobId' | 'deliveryNo' | 'target'>;

/** Undefined for what is none. */
export const parseDelivery = (item: unknown): Delivery | undefined => {
  const parsed = deliverySchema.safeParse(item);
  return parsed.success ? parsed.data : undefined;
};

/** Why a delivery ended without one 2xx. */
export type DeliveryEnd =
  | 'gone'
  | 'exhausted'
  | 'result_expired'
  | 'endpoint_deleted'
  | 'endpoint_disabled'
  | 'host_not_allowed'
  | 'superseded';

export const newDelivery = (
  from: DeliveryKey & Pick<Delivery, 'tenant' | 'url' | 'resultExpiresAtMs'>,
  nowMs: EpochMs,
): Delivery => ({
  v: 1,
  ...from,
  state: 'pending',
  attempts: 0,
  log: [],
  nextAtMs: nowMs,
  reminders: 0,
  dueAtMs: after(nowMs, deliveryResendMs),
  createdAtMs: nowMs,
  rev: 1,
});

/** Whether an attempt may begin. */
export type Readiness =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended' }
  /** Too early, or somebody is at it. */
  | { readonly kind: 'later'; readonly atMs: EpochMs };

export const readinessOf = (delivery: Delivery, nowMs: EpochMs): Readiness => {
  if (delivery.state !== 'pending') return { kind: 'ended' };
  const { claimedUntilMs, nextAtMs } = delivery;
  if (claimedUntilMs !== undefined && claimedUntilMs > nowMs) {
    return { kind: 'later', atMs: claimedUntilMs };
  }
  return nextAtMs > nowMs ? { kind: 'later', atMs: nextAtMs } : { kind: 'ready' };
};
