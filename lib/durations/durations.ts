import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { type EpochMs, epochMs } from '../job/time.ts';
import { durationEvidence, durationHalfLifeMs, durationQuantile } from '../limits.ts';
import {
  type Duration,
  emptyHistogram,
  type Histogram,
  histogramFields,
  quantileMs,
  scaled,
  withDuration,
} from './histogram.ts';
import { outputBucket } from './output-bucket.ts';

const durationsSchema = z.object({
  v: z.literal(1),
  /** Counts the writes; 0 is that of a model nothing was written about. */
  rev: z.int().check(z.gte(0)),
  /** As of when the masses are. */
  atMs: z.pipe(
    z.int(),
    z.transform((value): EpochMs => epochMs(value)),
  ),
  /** By the bucket of the requested output. */
  byOutput: z.array(z.object({ output: z.int(), ...histogramFields })),
});
/** How long the generations of one model at one upstream take. */
export type Durations = z.infer<typeof durationsSchema>;

/** One generation's duration, and the output that its request bounded it to. */
export type Observation = Duration & { readonly maxOutputTokens: number | undefined };

/** What was seen of requests alike: how long all but few take at most, and how many were seen. */
export type Expected = { readonly ms: number; readonly observed: number };

/** A model nothing is known of. */
export const noDurations = (): Durations => ({ v: 1, rev: 0, atMs: epochMs(0), byOutput: [] });

/** As read from the table. Throws Fault `item_unreadable` when it is none. */
export const parseDurations = (item: unknown): Durations => {
  const parsed = durationsSchema.safeParse(item);
  if (parsed.success) return parsed.data;
  throw new Fault('item_unreadable', "The record of a model's durations cannot be read.");
};

/** Clocks differ: one that is behind takes nothing back. */
const ageFactor = ({ atMs }: Durations, nowMs: EpochMs): number =>
  2 ** (-Math.max(0, nowMs - atMs) / durationHalfLifeMs);

const histogramOf = ({ byOutput }: Durations, output: number): Histogram =>
  byOutput.find((entry) => entry.output === output) ?? emptyHistogram;

type Entry = Durations['byOutput'][number];

const entryOf = (output: number, { finished, masses }: Histogram): Entry => ({
  output,
  finished,
  masses: masses.map(([bucket, mass]) => [bucket, mass]),
});

/** With one more observation, and all that was known aged to `nowMs`. */
export const learnt = (
  durations: Durations,
  observation: Observation,
  nowMs: EpochMs,
): Durations => {
  const factor = ageFactor(durations, nowMs);
  const output = outputBucket(observation.maxOutputTokens);
  const others = durations.byOutput
    .filter((entry) => entry.output !== output)
    .map((entry) => entryOf(entry.output, scaled(entry, factor)))
    .filter(({ masses }) => masses.length > 0);
  const own = withDuration(scaled(histogramOf(durations, output), factor), observation);
  return {
    ...durations,
    atMs: epochMs(Math.max(durations.atMs, nowMs)),
    byOutput: [...others, entryOf(output, own)],
  };
};

/** Undefined while too few were seen to their end. */
export const expectedOf = (
  durations: Durations,
  maxOutputTokens: number | undefined,
  nowMs: EpochMs,
): Expected | undefined => {
  const histogram = histogramOf(durations, outputBucket(maxOutputTokens));
  const observed = histogram.finished * ageFactor(durations, nowMs);
  const ms = quantileMs(histogram, durationQuantile);
  // Rounding must not make five of five just seen into fewer.
  return ms === undefined || observed < durationEvidence - 0.01
    ? undefined
    : { ms, observed: Math.round(observed) };
};
