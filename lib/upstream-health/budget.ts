import type { EpochMs } from '../job/time.ts';
import { retryCapacity, retryEarned, retryRefillPerSecond } from '../limits.ts';

/** Retries at hand, and when they were counted. */
export type Budget = { readonly tokens: number; readonly refilledAtMs: EpochMs };

/** The budget at `nowMs`. Clocks differ: one that is behind takes nothing back. */
export const refill = ({ tokens, refilledAtMs }: Budget, nowMs: EpochMs): Budget => {
  const sinceMs = nowMs - refilledAtMs;
  if (sinceMs <= 0) return { tokens, refilledAtMs };
  return {
    tokens: Math.min(retryCapacity, tokens + (sinceMs / 1000) * retryRefillPerSecond),
    refilledAtMs: nowMs,
  };
};

/** What `calls` that were no retries earn. */
export const earn = (budget: Budget, calls: number): Budget => ({
  ...budget,
  tokens: Math.min(retryCapacity, budget.tokens + calls * retryEarned),
});

/** One retry less; undefined when there is none. */
export const spend = (budget: Budget): Budget | undefined =>
  budget.tokens < 1 ? undefined : { ...budget, tokens: budget.tokens - 1 };

/** A retry that ended well was worth it: it costs nothing, so that what an outage left is soon done. */
export const giveBack = (budget: Budget): Budget => ({
  ...budget,
  tokens: Math.min(retryCapacity, budget.tokens + 1),
});

/** When there is one without further calls. */
export const spendableAtMs = ({ tokens, refilledAtMs }: Budget): number =>
  refilledAtMs + Math.max(0, Math.ceil(((1 - tokens) / retryRefillPerSecond) * 1000));

export const isFull = (budget: Budget, nowMs: EpochMs): boolean =>
  refill(budget, nowMs).tokens >= retryCapacity;
