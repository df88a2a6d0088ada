import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after } from '../../../lib/job/time.ts';
import { retryCapacity } from '../../../lib/limits.ts';
import {
  type Budget,
  earn,
  isFull,
  refill,
  spend,
  spendableAtMs,
} from '../../../lib/upstream-health/budget.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const empty: Budget = { tokens: 0, refilledAtMs: noonMs };

describe('a retry budget', () => {
  it('earns a retry with five calls', () => {
    expect(spend(earn(empty, 4))).toBeUndefined();
    expect(spend(earn(empty, 5))).toMatchObject({ tokens: 0 });
  });

  it('has one again after ten quiet seconds, and is full again after a hundred', () => {
    expect(spendableAtMs(empty)).toBe(noonMs + 10_000);
    expect(spend(refill(empty, after(noonMs, 9_999)))).toBeUndefined();
    expect(spend(refill(empty, after(noonMs, 10_000)))).toBeDefined();
    expect(isFull(empty, after(noonMs, 99_000))).toBe(false);
    expect(isFull(empty, after(noonMs, 100_000))).toBe(true);
  });

  it('takes nothing back for a clock that is behind', () => {
    const budget = { tokens: 3, refilledAtMs: noonMs };
    expect(refill(budget, after(noonMs, -5_000))).toEqual(budget);
  });

  it('never lets more retries through than a fifth of the calls, its capacity and its refill', () => {
    const happening = fc.record({
      what: fc.constantFrom('call', 'retry', 'retry'),
      pauseMs: fc.nat(400),
    });
    fc.assert(
      fc.property(fc.array(happening, { maxLength: 400 }), (history) => {
        let budget: Budget = { tokens: retryCapacity, refilledAtMs: noonMs };
        let [calls, retries, ms] = [0, 0, 0];
        for (const { what, pauseMs } of history) {
          ms += pauseMs;
          budget = refill(budget, after(noonMs, ms));
          if (what === 'call') {
            calls += 1;
            budget = earn(budget, 1);
          } else {
            const left = spend(budget);
            if (left !== undefined) retries += 1;
            budget = left ?? budget;
          }
          expect(budget.tokens).toBeLessThanOrEqual(retryCapacity);
          expect(budget.tokens).toBeGreaterThanOrEqual(0);
        }
        expect(retries).toBeLessThanOrEqual(10 + calls / 5 + ms / 10_000 + 1e-6);
      }),
    );
  });
});
