import * as z from 'zod/mini';
import { durationsKept } from '../limits.ts';
import { bucketAbove, bucketOf, upperOf } from './scale.ts';

const mass = z.number().check(z.gte(0));

/** The parts of a histogram, as they are stored. */
export const histogramFields = {
  /** How many generations, decayed, were seen to their end. */
  finished: mass,
  /** What lies in each bucket that holds anything, by ascending bucket. */
  masses: z.array(z.tuple([z.int().check(z.gte(0)), mass])),
};

/**
 * Durations by bucket. A mass is a count that has decayed: by time, and as others come, since all of
 * them together weigh no more than `durationsKept`.
 */
export type Histogram = {
  readonly finished: number;
  readonly masses: readonly (readonly [bucket: number, mass: number])[];
};

export const emptyHistogram: Histogram = { finished: 0, masses: [] };

/** How long a generation took, or, when it was not seen to its end, that it takes longer than that. */
export type Duration = {
  readonly ms: number;
  readonly isWhole: boolean;
  /** It was begun anew after it had been told as longer than this: both are one. */
  readonly toldBeyondMs?: number | undefined;
};

/** Less than this says nothing any more, and would be stored for ever. */
const leastMass = 0.001;
const rounded = (value: number): number => Math.round(value * 10_000) / 10_000;

const massOf = (masses: Histogram['masses']): number =>
  masses.reduce((sum, [, value]) => sum + value, 0);

/** Everything weighs `factor` times what it weighed. */
export const scaled = ({ finished, masses }: Histogram, factor: number): Histogram => ({
  finished: rounded(finished * factor),
  masses: masses
    .map(([bucket, value]) => [bucket, rounded(value * factor)] as const)
    .filter(([, value]) => value >= leastMass),
});

/** Neither more than may be kept, nor more seen to their end than there are. */
const capped = ({ finished, masses }: Histogram): Histogram => {
  const total = massOf(masses);
  const histogram = { finished: Math.min(finished, total), masses };
  return total <= durationsKept ? histogram : scaled(histogram, durationsKept / total);
};

const put = (masses: Histogram['masses'], bucket: number): Histogram['masses'] => {
  const before = masses.find(([at]) => at === bucket)?.[1] ?? 0;
  const others = masses.filter(([at]) => at !== bucket);
  return [...others, [bucket, before + 1] as const].sort(([a], [b]) => a - b);
};

/**
 * One that takes longer than `bucket` will have taken as long as those that did: its weight goes to
 * them (Kaplan and Meier's "redistribution to the right"). Without any it counts as just longer.
 */
const putBeyond = (masses: Histogram['masses'], ms: number): Histogram['masses'] => {
  const bucket = bucketOf(ms);
  const beyond = massOf(masses.filter(([at]) => at > bucket));
  if (beyond < leastMass) return put(masses, bucketAbove(ms));
  return masses.map(([at, value]) =>
    at > bucket ? ([at, value + value / beyond] as const) : ([at, value] as const),
  );
};

/** The weight of one is taken back from where `putBeyond` has put it. */
const takeBeyond = (masses: Histogram['masses'], ms: number): Histogram['masses'] => {
  const bucket = bucketOf(ms);
  const beyond = massOf(masses.filter(([at]) => at > bucket));
  const share = beyond > 1 ? 1 - 1 / beyond : 0;
  return masses
    .map(([at, value]) => [at, at > bucket ? value * share : value] as const)
    .filter(([, value]) => value >= leastMass);
};

/** The histogram with one more duration. */
export const withDuration = (
  { finished, masses }: Histogram,
  { ms, isWhole, toldBeyondMs }: Duration,
): Histogram => {
  const others = toldBeyondMs === undefined ? masses : takeBeyond(masses, toldBeyondMs);
  return capped(
    isWhole
      ? { finished: finished + 1, masses: put(others, bucketOf(ms)) }
      : { finished, masses: putBeyond(others, ms) },
  );
};

/** What the share `p` of the durations does not exceed, in milliseconds; undefined without any. */
export const quantileMs = ({ masses }: Histogram, p: number): number | undefined => {
  const wanted = massOf(masses) * p;
  let sum = 0;
  for (const [bucket, value] of masses) {
    sum += value;
    if (sum >= wanted) return upperOf(bucket);
  }
  const last = masses.at(-1);
  return last === undefined ? undefined : upperOf(last[0]);
};
