import type { Fault } from '../errors.ts';
import {
  backoffFirstMs,
  backoffMaxMs,
  maxStrikes,
  minAttemptMs,
  quickRetryMaxMs,
} from '../limits.ts';
import type { EpochMs } from './time.ts';

/** Full jitter: uniform between 0 and the doubled step, `random` in [0, 1). At least 1 ms. */
export const backoffMs = (failures: number, random: number): number => {
  const step = Math.min(backoffMaxMs, backoffFirstMs * 2 ** Math.max(0, failures - 1));
  return Math.max(1, Math.round(step * random));
};

/** Who owns a failure next: this attempt, the queue, or nobody. */
export type RetryDecision =
  | { readonly kind: 'again'; readonly afterMs: number }
  | { readonly kind: 'requeue'; readonly afterMs: number }
  | { readonly kind: 'fail'; readonly why: 'final' | 'attempts_spent' | 'deadline' };

type Circumstances = {
  readonly strikes: number;
  readonly deadlineAtMs: EpochMs;
  readonly nowMs: EpochMs;
  /** The attempt has put out something already, or has used its one quick retry. */
  readonly quickSpent: boolean;
  readonly random: number;
};

/** The owner of `fault` (design §5); a repetition that could not finish before the deadline has none. */
export const decideRetry = (fault: Fault, at: Circumstances): RetryDecision => {
  const { retry } = fault;
  if (retry.kind === 'never') return { kind: 'fail', why: 'final' };
  const leftMs = at.deadlineAtMs - at.nowMs - minAttemptMs;
  if (retry.kind === 'quick' && !at.quickSpent && retry.afterMs <= quickRetryMaxMs) {
    if (retry.afterMs < leftMs) return { kind: 'again', afterMs: retry.afterMs };
  }
  if (at.strikes >= maxStrikes) return { kind: 'fail', why: 'attempts_spent' };
  const afterMs = Math.max(backoffMs(at.strikes, at.random), retry.afterMs);
  return afterMs < leftMs ? { kind: 'requeue', afterMs } : { kind: 'fail', why: 'deadline' };
};
