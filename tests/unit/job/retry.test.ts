import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault, type RetryReading } from '../../../lib/errors.ts';
import { backoffMs, decideRetry } from '../../../lib/job/retry.ts';
import { after } from '../../../lib/job/time.ts';
import { backoffMaxMs, maxStrikes } from '../../../lib/limits.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const fault = (retry: RetryReading) => new Fault('upstream_error', 'It failed.', { retry });
const at = {
  strikes: 1,
  deadlineAtMs: after(noonMs, 3_600_000),
  nowMs: noonMs,
  quickSpent: false,
  random: 0.5,
};

describe('backoffMs', () => {
  it('stays between 1 ms and the doubled step, at most 5 minutes', () => {
    fc.assert(
      fc.property(
        fc.nat(100),
        fc.double({ min: 0, max: 0.999999, noNaN: true }),
        (failures, random) => {
          const ms = backoffMs(failures, random);
          const step = 1000 * 2 ** Math.max(0, Math.min(failures, 30) - 1);
          return ms >= 1 && ms <= Math.min(step, backoffMaxMs);
        },
      ),
    );
  });
});

describe('decideRetry', () => {
  it('gives nobody what cannot be mended', () => {
    expect(decideRetry(fault({ kind: 'never' }), at)).toEqual({ kind: 'fail', why: 'final' });
  });

  it('repeats inside the attempt once, when it is quick and nothing was put out', () => {
    const quick = fault({ kind: 'quick', afterMs: 1_500 });
    expect(decideRetry(quick, at)).toEqual({ kind: 'again', afterMs: 1_500 });
    expect(decideRetry(quick, { ...at, quickSpent: true })).toMatchObject({ kind: 'requeue' });
    expect(decideRetry(fault({ kind: 'quick', afterMs: 2_001 }), at)).toMatchObject({
      kind: 'requeue',
    });
  });

  it('never comes back before the upstream’s Retry-After, however long', () => {
    fc.assert(
      fc.property(
        fc.nat(3_000_000),
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        (afterMs, random) => {
          const decision = decideRetry(fault({ kind: 'later', afterMs }), { ...at, random });
          return decision.kind === 'requeue' && decision.afterMs >= afterMs;
        },
      ),
    );
  });

  it('fails what has spent its attempts', () => {
    const decision = decideRetry(fault({ kind: 'later', afterMs: 0 }), {
      ...at,
      strikes: maxStrikes,
    });
    expect(decision).toEqual({ kind: 'fail', why: 'attempts_spent' });
  });

  it('fails what could not be tried again before the deadline', () => {
    const tight = { ...at, deadlineAtMs: after(noonMs, 30_000) };
    expect(decideRetry(fault({ kind: 'later', afterMs: 30_000 }), tight)).toEqual({
      kind: 'fail',
      why: 'deadline',
    });
    expect(
      decideRetry(fault({ kind: 'quick', afterMs: 0 }), { ...at, deadlineAtMs: noonMs }),
    ).toEqual({
      kind: 'fail',
      why: 'deadline',
    });
  });
});
