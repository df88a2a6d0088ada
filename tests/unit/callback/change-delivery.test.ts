import { describe, expect, it } from 'vitest';
import {
  claimDelivery,
  failDelivery,
  recordAttempt,
  remindOf,
} from '../../../lib/callback/change-delivery.ts';
import {
  type Delivery,
  newDelivery,
  parseDelivery,
  readinessOf,
} from '../../../lib/callback/delivery.ts';
import type { CallbackOutcome } from '../../../lib/callback/outcome.ts';
import { after, epochMs } from '../../../lib/job/time.ts';
import {
  deliveryClaimMs,
  deliveryResendMs,
  maxDeliveryLog,
  maxMessageDelayMs,
  resendMaxMs,
} from '../../../lib/limits.ts';

const nowMs = epochMs(1_800_000_000_000);
const fresh = newDelivery(
  {
    jobId: 'gen_01',
    deliveryNo: 1,
    target: 'own',
    tenant: 'acme',
    url: 'https://hooks.example.com/?key=1',
    resultExpiresAtMs: after(nowMs, 24 * 60 * 60_000),
  },
  nowMs,
);

const answered = (status: number): CallbackOutcome => ({
  kind: 'answered',
  status,
  retryAfterMs: undefined,
  firstBytes: 'ok',
  tookMs: 5,
});

const recorded = (delivery: Delivery, outcome: CallbackOutcome, atMs = nowMs): Delivery =>
  recordAttempt(claimDelivery(delivery, 'mine', atMs), outcome, {
    startedAtMs: atMs,
    nowMs: atMs,
    random: 0.5,
    longestMessageMs: maxMessageDelayMs,
  });

it('a new delivery may be attempted at once, and is due should nobody do so', () => {
  expect(readinessOf(fresh, nowMs)).toEqual({ kind: 'ready' });
  expect(fresh.dueAtMs).toBe(after(nowMs, deliveryResendMs));
});

describe('a claim', () => {
  const claimed = claimDelivery(fresh, 'mine', nowMs);
  it('keeps others away until it runs out, when the delivery is due', () => {
    const untilMs = after(nowMs, deliveryClaimMs);
    expect(readinessOf(claimed, nowMs)).toEqual({ kind: 'later', atMs: untilMs });
    expect(claimed.dueAtMs).toBe(untilMs);
    expect(readinessOf(claimed, untilMs)).toEqual({ kind: 'ready' });
  });
});

describe('after an attempt', () => {
  it('that was answered with 2xx nothing is left to do', () => {
    const done = recorded(fresh, answered(202));
    expect(done).toMatchObject({ state: 'delivered', log: [{ atMs: nowMs, status: 202 }] });
    expect(done.dueAtMs).toBeUndefined();
    expect(readinessOf(done, nowMs)).toEqual({ kind: 'ended' });
  });

  it('that failed a message follows after a short pause, and the due index after a long one', () => {
    const once = recorded(fresh, answered(500));
    expect(once.nextAtMs).toBe(after(nowMs, 5_000));
    expect(once.dueAtMs).toBe(after(once.nextAtMs, deliveryResendMs));
    const third = recorded(recorded(once, answered(500)), answered(500));
    expect(third.nextAtMs).toBe(after(nowMs, 30 * 60_000));
    expect(third.dueAtMs).toBe(third.nextAtMs);
  });

  it('that the function’s end cut short it is as if it had not been', () => {
    const cut: CallbackOutcome = { kind: 'failed', why: 'stopped', code: undefined, tookMs: 3 };
    expect(recorded(fresh, cut)).toMatchObject({ state: 'pending', attempts: 0, log: [] });
  });

  it('that failed too late for the result it ends', () => {
    const lateMs = after(fresh.resultExpiresAtMs, -1_000);
    expect(recorded(fresh, answered(500), lateMs)).toMatchObject({
      state: 'failed',
      why: 'result_expired',
    });
  });

  it('that was answered with 410 it ends', () => {
    expect(recorded(fresh, answered(410))).toMatchObject({ state: 'failed', why: 'gone' });
  });

  it('why there was no answer is told, by the code where there is one', () => {
    const failed = (code: string | undefined): CallbackOutcome => ({
      kind: 'failed',
      why: 'unreachable',
      code,
      tookMs: 1,
    });
    expect(recorded(fresh, failed('ECONNREFUSED')).log).toMatchObject([{ error: 'ECONNREFUSED' }]);
    expect(recorded(fresh, failed(undefined)).log).toMatchObject([{ error: 'unreachable' }]);
    expect(recorded(fresh, { kind: 'refused_target', why: 'not_public' }).log).toMatchObject([
      { error: 'not_public' },
    ]);
  });
});

it('of a long series the last attempts are kept', () => {
  let delivery: Delivery = fresh;
  for (let n = 0; n < maxDeliveryLog + 5; n += 1) delivery = recorded(delivery, answered(500));
  expect(delivery.log).toHaveLength(maxDeliveryLog);
  expect(delivery.attempts).toBe(maxDeliveryLog + 5);
});

it('a message is sent again at growing intervals', () => {
  const pauses: number[] = [];
  let delivery: Delivery = fresh;
  for (let n = 0; n < 8; n += 1) {
    delivery = remindOf(delivery, nowMs);
    pauses.push((delivery.dueAtMs ?? 0) - nowMs);
  }
  expect(pauses.slice(0, 3)).toEqual([1, 2, 4].map((times) => times * deliveryResendMs));
  expect(pauses.at(-1)).toBe(resendMaxMs);
});

it('each change counts, so that of two from the same state one is refused', () => {
  const changes = [
    claimDelivery(fresh, 'mine', nowMs),
    failDelivery(fresh, 'superseded'),
    remindOf(fresh, nowMs),
  ];
  for (const { rev } of changes) expect(rev).toBe(fresh.rev + 1);
});

it('what a later version adds to the record is kept', () => {
  const stored = { ...fresh, colour: 'green', log: [{ atMs: 1, tookMs: 1, colour: 'red' }] };
  expect(parseDelivery(stored)).toEqual(stored);
  expect(parseDelivery({ ...fresh, attempts: 'many' })).toBeUndefined();
});
