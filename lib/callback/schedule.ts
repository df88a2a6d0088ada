import type { EpochMs } from '../job/time.ts';
import { deliveryLifeMs } from '../limits.ts';
import type { CallbackOutcome } from './outcome.ts';

const secondMs = 1_000;
const minuteMs = 60 * secondMs;
const hourMs = 60 * minuteMs;

/** The pause after the first failed attempt, the second and so on; the last goes on. */
const pausesMs = [
  5 * secondMs,
  5 * minuteMs,
  30 * minuteMs,
  2 * hourMs,
  5 * hourMs,
  10 * hourMs,
] as const;
const longestPauseMs = 10 * hourMs;
/** Pauses are drawn from 20 % around theirs, lest failures that began together come back together. */
const jitter = 0.2;

/**
 * How long to wait after the `attempt`th delivery attempt (from 1) has failed. Never less than the
 * receiver's Retry-After, of which at most 10 h count. `random` in [0, 1).
 */
export const deliveryPauseMs = (
  attempt: number,
  retryAfterMs: number | undefined,
  random: number,
): number => {
  const pauseMs = pausesMs[Math.max(1, attempt) - 1] ?? longestPauseMs;
  const drawnMs = Math.round(pauseMs * (1 - jitter + 2 * jitter * random));
  return Math.max(drawnMs, Math.min(retryAfterMs ?? 0, longestPauseMs));
};

/** What a delivery attempt's outcome says about the receiver. */
export type DeliveryReading = 'delivered' | 'failed' | 'gone';

/** 2xx is success; 410 wants no more callbacks; everything else has failed, redirects too. */
export const readOutcome = (outcome: CallbackOutcome): DeliveryReading => {
  if (outcome.kind !== 'answered') return 'failed';
  if (outcome.status >= 200 && outcome.status <= 299) return 'delivered';
  return outcome.status === 410 ? 'gone' : 'failed';
};

/** What a delivery does next. Given up for either reason, its endpoint is to be disabled. */
export type DeliveryDecision =
  | { readonly kind: 'delivered' }
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'given_up'; readonly why: 'gone' | 'exhausted' };

/** The last attempt is the first one to fail 5 days or more after the delivery's first. */
export const decideDelivery = (
  outcome: CallbackOutcome,
  at: {
    /** The number of the delivery attempt that had this outcome, from 1. */
    readonly attempt: number;
    readonly firstAttemptAtMs: EpochMs;
    readonly nowMs: EpochMs;
    readonly random: number;
  },
): DeliveryDecision => {
  const reading = readOutcome(outcome);
  if (reading === 'delivered') return { kind: 'delivered' };
  if (reading === 'gone') return { kind: 'given_up', why: 'gone' };
  if (at.nowMs - at.firstAttemptAtMs >= deliveryLifeMs) {
    return { kind: 'given_up', why: 'exhausted' };
  }
  const retryAfterMs = outcome.kind === 'answered' ? outcome.retryAfterMs : undefined;
  return { kind: 'again', afterMs: deliveryPauseMs(at.attempt, retryAfterMs, at.random) };
};
