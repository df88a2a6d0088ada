import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CallbackOutcome } from '../../../lib/callback/outcome.ts';
import { decideDelivery, deliveryPauseMs, readOutcome } from '../../../lib/callback/schedule.ts';
import { after } from '../../../lib/job/time.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

const answered = (status: number, retryAfterMs?: number): CallbackOutcome => ({
  kind: 'answered',
  status,
  retryAfterMs,
  firstBytes: '',
  tookMs: 10,
});
const timedOut: CallbackOutcome = {
  kind: 'failed',
  why: 'timed_out',
  code: undefined,
  tookMs: 15_000,
};
const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('deliveryPauseMs', () => {
  it('is 5 s, 5 min, 30 min, 2 h, 5 h, 10 h and then 10 h again, in the middle of the jitter', () => {
    expect([1, 2, 3, 4, 5, 6, 7, 20].map((n) => deliveryPauseMs(n, undefined, 0.5))).toEqual([
      5_000,
      5 * minuteMs,
      30 * minuteMs,
      2 * hourMs,
      5 * hourMs,
      10 * hourMs,
      10 * hourMs,
      10 * hourMs,
    ]);
  });

  it('stays within 20 % of the schedule, and uses all of that', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 50 }), chance, (attempt, random) => {
        const middleMs = deliveryPauseMs(attempt, undefined, 0.5);
        const ms = deliveryPauseMs(attempt, undefined, random);
        return ms >= 0.8 * middleMs && ms <= 1.2 * middleMs;
      }),
    );
    expect(deliveryPauseMs(1, undefined, 0)).toBe(4_000);
    expect(deliveryPauseMs(1, undefined, 0.999_999)).toBe(6_000);
  });

  it('is never shorter than Retry-After up to 10 h, nor longer for a Retry-After beyond', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 50 }),
        fc.nat(10 * dayMs),
        chance,
        (attempt, retryAfterMs, random) => {
          const plainMs = deliveryPauseMs(attempt, undefined, random);
          const ms = deliveryPauseMs(attempt, retryAfterMs, random);
          const asked = Math.min(retryAfterMs, 10 * hourMs);
          return ms >= asked && ms >= plainMs && (ms === asked || ms === plainMs);
        },
      ),
    );
  });
});

describe('readOutcome', () => {
  it('takes 2xx for success, 410 for a farewell and everything else for failure', () => {
    for (let status = 100; status <= 999; status += 1) {
      const expected =
        status >= 200 && status < 300 ? 'delivered' : status === 410 ? 'gone' : 'failed';
      expect(readOutcome(answered(status))).toBe(expected);
    }
    expect(readOutcome(timedOut)).toBe('failed');
    expect(readOutcome({ kind: 'refused_target', why: 'not_public' })).toBe('failed');
  });
});

describe('decideDelivery', () => {
  const at = { attempt: 1, firstAttemptAtMs: noonMs, nowMs: noonMs, random: 0.5 };

  it('ends with success, also on the very last attempt', () => {
    expect(decideDelivery(answered(204), { ...at, nowMs: after(noonMs, 9 * dayMs) })).toEqual({
      kind: 'delivered',
    });
  });

  it('gives up at once when the receiver is gone', () => {
    expect(decideDelivery(answered(410), at)).toEqual({ kind: 'given_up', why: 'gone' });
  });

  it('does not follow a redirect but tries again', () => {
    for (const status of [301, 302, 307, 308]) {
      expect(decideDelivery(answered(status), at)).toEqual({ kind: 'again', afterMs: 5_000 });
    }
  });

  it('waits as long as the receiver asks', () => {
    const asked = answered(503, 2 * minuteMs);
    expect(decideDelivery(asked, at)).toEqual({ kind: 'again', afterMs: 2 * minuteMs });
  });

  it('keeps trying a receiver that is down for 5 days, and not for half a day more', () => {
    fc.assert(
      fc.property(fc.infiniteStream(chance), (draws) => {
        let nowMs = noonMs;
        for (let attempt = 1; ; attempt += 1) {
          const random = Number(draws.next().value);
          const decision = decideDelivery(timedOut, { ...at, attempt, nowMs, random });
          if (decision.kind !== 'again') {
            expect(decision).toEqual({ kind: 'given_up', why: 'exhausted' });
            expect(nowMs - noonMs).toBeGreaterThanOrEqual(5 * dayMs);
            expect(nowMs - noonMs).toBeLessThan(5.5 * dayMs);
            expect(attempt).toBeGreaterThan(14);
            expect(attempt).toBeLessThan(23);
            return;
          }
          nowMs = after(nowMs, decision.afterMs);
        }
      }),
    );
  });
});
