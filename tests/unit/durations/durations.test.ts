import { describe, expect, it } from 'vitest';
import {
  type Durations,
  expectedOf,
  learnt,
  noDurations,
  parseDurations,
} from '../../../lib/durations/durations.ts';
import { outputBucket, unbounded } from '../../../lib/durations/output-bucket.ts';
import { after, epochMs } from '../../../lib/job/time.ts';
import { durationEvidence, durationHalfLifeMs, durationsKept } from '../../../lib/limits.ts';

const nowMs = epochMs(1_800_000_000_000);

const seen = (
  count: number,
  ms: number,
  from: Durations = noDurations(),
  maxOutputTokens?: number,
): Durations =>
  Array.from({ length: count }).reduce<Durations>(
    (sum) => learnt(sum, { ms, isWhole: true, maxOutputTokens }, nowMs),
    from,
  );

const expectedNow = (durations: Durations, maxOutputTokens?: number) =>
  expectedOf(durations, maxOutputTokens, nowMs);

describe('what a model is expected to take', () => {
  it('is not told before enough were seen to their end', () => {
    expect(expectedNow(seen(durationEvidence - 1, 3_000))).toBeUndefined();
    expect(expectedNow(seen(durationEvidence, 3_000))).toEqual({
      ms: expect.closeTo(3_300, -3),
      observed: durationEvidence,
    });
    const stopped = { ms: 25_000, isWhole: false, maxOutputTokens: undefined };
    const cut = [1, 2, 3, 4, 5, 6].reduce<Durations>(
      (sum) => learnt(sum, stopped, nowMs),
      noDurations(),
    );
    expect(expectedNow(cut)).toBeUndefined();
  });

  it('is told for each bucket of requested output by its own', () => {
    const durations = seen(9, 60_000, seen(9, 2_000, noDurations(), 100), 8_000);
    expect(expectedNow(durations, 200)?.ms).toBeLessThan(3_000);
    expect(expectedNow(durations, 5_000)?.ms).toBeGreaterThan(50_000);
    expect(expectedNow(durations)).toBeUndefined();
  });

  it('covers the long ones while they are more than two in a hundred', () => {
    const astride = seen(3, 60_000, seen(97, 2_000));
    expect(expectedNow(astride)?.ms).toBeGreaterThan(60_000);
    expect(expectedNow(seen(1, 60_000, seen(99, 2_000)))?.ms).toBeLessThan(3_000);
  });

  it('turns long within three generations of a model that has slowed down', () => {
    expect(expectedNow(seen(3, 60_000, seen(10_000, 2_000)))?.ms).toBeGreaterThan(60_000);
  });

  it('turns short again within four hundred of a model that has sped up', () => {
    expect(expectedNow(seen(400, 2_000, seen(10_000, 60_000)))?.ms).toBeLessThan(3_000);
  });

  it('is forgotten with time', () => {
    const durations = seen(2 * durationsKept, 3_000);
    const at = (halfLives: number) =>
      expectedOf(durations, undefined, after(nowMs, halfLives * durationHalfLifeMs));
    expect(at(1)?.observed).toBe(durationsKept / 2);
    expect(at(4)?.observed).toBeGreaterThanOrEqual(durationEvidence);
    expect(at(5)).toBeUndefined();
  });

  it('loses nothing to a clock that is behind', () => {
    const durations = seen(50, 3_000);
    expect(expectedOf(durations, undefined, after(nowMs, -60_000))?.observed).toBe(50);
    const behind = learnt(
      durations,
      { ms: 3_000, isWhole: true, maxOutputTokens: undefined },
      after(nowMs, -60_000),
    );
    expect(behind.atMs).toBe(nowMs);
  });
});

describe('the record', () => {
  it('is read back as it was written', () => {
    const durations = { ...seen(7, 3_000, seen(5, 60_000, noDurations(), 100)), rev: 3 };
    expect(parseDurations(JSON.parse(JSON.stringify(durations)))).toEqual(durations);
  });

  it('is refused when it is none', () => {
    expect(() => parseDurations({ v: 2, rev: 1 })).toThrow("a model's durations cannot be read");
  });

  it('keeps few buckets of requested output', () => {
    expect([undefined, 1, 256, 257, 4_000, 16_384, 100_000].map(outputBucket)).toEqual([
      unbounded,
      256,
      256,
      1_024,
      4_096,
      16_384,
      unbounded,
    ]);
  });
});
