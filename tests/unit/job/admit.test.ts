import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { admitByDuration, admitByPreference } from '../../../lib/job/admit.ts';

const preference = { live: false, respondAsync: false, waitMs: 25_000, deadlineMs: 3_600_000 };
const question = {
  waitMs: 25_000,
  expected: undefined,
  resumable: false,
  unseen: 'queued',
} as const;

describe('what a client prefers', () => {
  it('is queued when it prefers not to wait', () => {
    expect(admitByPreference({ ...preference, respondAsync: true })?.decision).toBe('queued');
    expect(admitByPreference({ ...preference, waitMs: 0 })?.decision).toBe('queued');
  });

  it('is inline as a live stream, whatever else it prefers', () => {
    const asked = { ...preference, live: true, respondAsync: true, waitMs: 0 };
    expect(admitByPreference(asked)?.decision).toBe('inline');
  });

  it('is inline when the deadline leaves no time for a worker after the wait', () => {
    const asked = { ...preference, deadlineMs: 25_000 };
    expect(admitByPreference(asked)).toMatchObject({ decision: 'inline', waitMs: 25_000 });
  });

  it('is left to what is known of durations otherwise', () => {
    expect(admitByPreference(preference)).toBeUndefined();
  });
});

describe('what is known of durations', () => {
  it('admits inline exactly what is expected to end within the wait, and keeps the figures', () => {
    fc.assert(
      fc.property(
        fc.record({
          waitMs: fc.integer({ min: 1, max: 290_000 }),
          ms: fc.integer({ min: 1, max: 900_000 }),
          resumable: fc.boolean(),
          unseen: fc.constantFrom('inline', 'queued'),
        }),
        ({ waitMs, ms, resumable, unseen }) => {
          const expected = { ms, observed: 7 };
          expect(admitByDuration({ waitMs, expected, resumable, unseen })).toEqual({
            decision: ms <= waitMs ? 'inline' : 'queued',
            why: expect.stringMatching(/./),
            predictedMs: ms,
            observed: 7,
            waitMs,
          });
        },
      ),
    );
  });

  it('queues what was not seen and would be begun anew, unless the operator says otherwise', () => {
    expect(admitByDuration(question)).toMatchObject({ decision: 'queued', waitMs: 25_000 });
    expect(admitByDuration({ ...question, unseen: 'inline' }).decision).toBe('inline');
  });

  it('begins at once what was not seen where being wrong costs nothing', () => {
    expect(admitByDuration({ ...question, resumable: true }).decision).toBe('inline');
  });
});
