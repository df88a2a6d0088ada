import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Duration,
  emptyHistogram,
  type Histogram,
  quantileMs,
  scaled,
  withDuration,
} from '../../../lib/durations/histogram.ts';
import { bucketAbove, bucketOf, upperOf } from '../../../lib/durations/scale.ts';
import { durationsKept } from '../../../lib/limits.ts';

const time = fc.integer({ min: 0, max: 2_000_000 });
const duration = fc.record({
  ms: time,
  isWhole: fc.boolean(),
  toldBeyondMs: fc.option(time, { nil: undefined, freq: 5 }),
});
const newDuration = fc.record({ ms: time, isWhole: fc.boolean() });
const factor = fc.double({ min: 0, max: 1, noNaN: true });
const steps = fc.array(fc.oneof(duration, factor), { maxLength: 300 });

const histogramOf = (made: readonly (Duration | number)[]): Histogram =>
  made.reduce<Histogram>(
    (histogram, step) =>
      typeof step === 'number' ? scaled(histogram, step) : withDuration(histogram, step),
    emptyHistogram,
  );
const massOf = ({ masses }: Histogram): number => masses.reduce((sum, [, mass]) => sum + mass, 0);
const whole = (ms: number): Duration => ({ ms, isWhole: true });
const beyond = (ms: number): Duration => ({ ms, isWhole: false });

describe('the scale', () => {
  it('gives every duration a bucket whose bound is at most a quarter above it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 100, max: 900_000 }), (ms) => {
        const upper = upperOf(bucketOf(ms));
        expect(upper).toBeGreaterThanOrEqual(ms);
        expect(upper).toBeLessThanOrEqual(ms * 1.26 + 1);
      }),
    );
  });

  it('puts what took longer than a bucket into the next one, and ends', () => {
    expect(bucketAbove(25_000)).toBe(bucketOf(25_000) + 1);
    expect(bucketAbove(10_000_000)).toBe(bucketOf(10_000_000));
    expect(upperOf(bucketOf(10_000_000))).toBeGreaterThanOrEqual(900_000);
  });
});

describe('a histogram', () => {
  it('holds no negative mass, nor more than it may, whatever came and however it aged', () => {
    fc.assert(
      fc.property(steps, (made) => {
        const histogram = histogramOf(made);
        for (const [, mass] of histogram.masses) expect(mass).toBeGreaterThan(0);
        expect(massOf(histogram)).toBeLessThanOrEqual(durationsKept + 0.01);
        expect(histogram.finished).toBeGreaterThanOrEqual(0);
        expect(histogram.finished).toBeLessThanOrEqual(massOf(histogram) + 0.1);
      }),
    );
  });

  it('has its buckets in order, each once', () => {
    fc.assert(
      fc.property(steps, (made) => {
        const buckets = histogramOf(made).masses.map(([bucket]) => bucket);
        expect(buckets).toEqual([...new Set(buckets)].sort((a, b) => a - b));
      }),
    );
  });

  it('has quantiles that only grow', () => {
    fc.assert(
      fc.property(steps, fc.tuple(factor, factor), (made, [a, b]) => {
        const histogram = histogramOf(made);
        const [low, high] = [
          quantileMs(histogram, Math.min(a, b)),
          quantileMs(histogram, Math.max(a, b)),
        ];
        if (histogram.masses.length === 0) expect(low).toBeUndefined();
        else expect(high).toBeGreaterThanOrEqual(low ?? Number.NaN);
      }),
    );
  });

  it('predicts no less after a duration above its prediction, and no more after one below', () => {
    fc.assert(
      fc.property(steps, newDuration, (made, next) => {
        const before = histogramOf(made);
        const was = quantileMs(before, 0.98);
        const is = quantileMs(withDuration(before, next), 0.98) ?? Number.NaN;
        if (was === undefined) return;
        if (next.ms >= was) expect(is).toBeGreaterThanOrEqual(was);
        else if (next.isWhole) expect(is).toBeLessThanOrEqual(was);
      }),
    );
  });

  it('weighs one that was stopped as those that outlasted it', () => {
    const histogram = histogramOf([whole(1_000), whole(50_000), beyond(5_000)]);
    expect(histogram.masses).toEqual([
      [bucketOf(1_000), 1],
      [bucketOf(50_000), 2],
    ]);
    expect(histogram.finished).toBe(2);
  });

  it('counts one that was stopped as just longer where none was', () => {
    const histogram = histogramOf([whole(1_000), beyond(25_000)]);
    expect(quantileMs(histogram, 0.98)).toBeGreaterThan(25_000);
    expect(histogram.finished).toBe(1);
  });

  it('counts one that was repeated once, as long as the repetition took', () => {
    const stopped = histogramOf([whole(1_000), beyond(25_000)]);
    const repeated = { ...whole(60_000), toldBeyondMs: 25_000 };
    expect(withDuration(stopped, repeated)).toEqual({
      finished: 2,
      masses: [
        [bucketOf(1_000), 1],
        [bucketOf(60_000), 1],
      ],
    });
    const others = histogramOf([whole(50_000), whole(90_000), beyond(25_000)]);
    expect(massOf(withDuration(others, repeated))).toBeCloseTo(3);
  });

  it('forgets what weighs nothing any more', () => {
    expect(scaled(histogramOf([whole(1_000)]), 0.0001).masses).toEqual([]);
  });
});
