import { after, type EpochMs } from '../job/time.ts';
import {
  deliveryClaimMs,
  deliveryResendMs,
  maxDeliveryLog,
  putOffFirstMs,
  putOffMaxMs,
  resendMaxMs,
} from '../limits.ts';
import type { Delivery, DeliveryAttempt, DeliveryEnd } from './delivery.ts';
import type { CallbackOutcome } from './outcome.ts';
import { decideDelivery } from './schedule.ts';

/* What becomes of a delivery. Each change counts (`rev`), so of two from one state a single one is kept. */

/** An attempt begins. Should nothing be heard of it, the delivery is due when its claim has run out. */
export const claimDelivery = (delivery: Delivery, claim: string, nowMs: EpochMs): Delivery => {
  const claimedUntilMs = after(nowMs, deliveryClaimMs);
  return {
    ...delivery,
    claim,
    claimedUntilMs,
    attempts: delivery.attempts + 1,
    firstAttemptAtMs: delivery.firstAttemptAtMs ?? nowMs,
    reminders: 0,
    putOffs: undefined,
    dueAtMs: claimedUntilMs,
    rev: delivery.rev + 1,
  };
};

const released = (delivery: Delivery): Delivery => ({
  ...delivery,
  claim: undefined,
  claimedUntilMs: undefined,
  rev: delivery.rev + 1,
});

const ended = (delivery: Delivery, state: 'delivered' | 'failed', why?: string): Delivery => ({
  ...released(delivery),
  state,
  why,
  dueAtMs: undefined,
});

/** It is given up, for a reason that is not this attempt's outcome. */
export const failDelivery = (delivery: Delivery, why: DeliveryEnd): Delivery =>
  ended(delivery, 'failed', why);

const lineOf = (outcome: CallbackOutcome, atMs: EpochMs): DeliveryAttempt => {
  switch (outcome.kind) {
    case 'answered':
      return {
        atMs,
        status: outcome.status,
        tookMs: outcome.tookMs,
        firstBytes: outcome.firstBytes,
      };
    case 'refused_target':
      return { atMs, error: outcome.why, tookMs: 0 };
    case 'failed':
      return { atMs, error: outcome.code ?? outcome.why, tookMs: outcome.tookMs };
  }
};

/** The function ended before the receiver had its time: that attempt never was. */
const isOurs = (outcome: CallbackOutcome): boolean =>
  outcome.kind === 'failed' && outcome.why === 'stopped';

/** A pause that a message can wait out; its loss is made up for by the due index a little later. */
const dueAfter = (nextAtMs: EpochMs, byMessage: boolean): EpochMs =>
  byMessage ? after(nextAtMs, deliveryResendMs) : nextAtMs;

/**
 * The delivery after the attempt that holds it had `outcome`. Pauses up to `longestMessageMs` are
 * waited out by a message, which is the caller's to send; longer ones on the due index.
 */
export const recordAttempt = (
  delivery: Delivery,
  outcome: CallbackOutcome,
  at: {
    readonly startedAtMs: EpochMs;
    readonly nowMs: EpochMs;
    readonly random: number;
    readonly longestMessageMs: number;
  },
): Delivery => {
  if (isOurs(outcome)) {
    return {
      ...released(delivery),
      attempts: Math.max(0, delivery.attempts - 1),
      nextAtMs: at.nowMs,
      dueAtMs: after(at.nowMs, deliveryResendMs),
    };
  }
  const log = [...delivery.log, lineOf(outcome, at.startedAtMs)].slice(-maxDeliveryLog);
  const seen = { ...delivery, log };
  const decision = decideDelivery(outcome, {
    attempt: delivery.attempts,
    firstAttemptAtMs: delivery.firstAttemptAtMs ?? at.startedAtMs,
    nowMs: at.nowMs,
    random: at.random,
  });
  if (decision.kind === 'delivered') return ended(seen, 'delivered');
  if (decision.kind === 'given_up') return ended(seen, 'failed', decision.why);
  const nextAtMs = after(at.nowMs, decision.afterMs);
  if (nextAtMs >= delivery.resultExpiresAtMs) return ended(seen, 'failed', 'result_expired');
  const byMessage = decision.afterMs <= at.longestMessageMs;
  return { ...released(seen), nextAtMs, dueAtMs: dueAfter(nextAtMs, byMessage) };
};

/** Its receiver has to wait for its turn: it is due again after a pause, twice as long each time. */
export const putOff = (delivery: Delivery, nowMs: EpochMs, random: number): Delivery => {
  const putOffs = delivery.putOffs ?? 0;
  const pauseMs = Math.min(putOffMaxMs, putOffFirstMs * 2 ** putOffs);
  const nextAtMs = after(nowMs, Math.round(pauseMs * (1 + random)));
  return {
    ...delivery,
    putOffs: putOffs + 1,
    reminders: 0,
    nextAtMs,
    dueAtMs: nextAtMs,
    rev: delivery.rev + 1,
  };
};

/** The message that should have led to an attempt is sent again; the next time twice as late. */
export const remindOf = (delivery: Delivery, nowMs: EpochMs): Delivery => {
  const pauseMs = Math.min(resendMaxMs, deliveryResendMs * 2 ** delivery.reminders);
  return {
    ...delivery,
    reminders: delivery.reminders + 1,
    dueAtMs: after(nowMs, pauseMs),
    rev: delivery.rev + 1,
  };
};
