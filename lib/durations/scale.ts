/*
 * Durations are kept in buckets that grow by a quarter each, so that a prediction is at most a quarter
 * too long wherever it lies: (0, 100 ms], (100 ms, 125 ms], … up to what a function can last.
 */

const firstMs = 100;
const growth = 1.25;
const longestMs = 900_000;
const lastBucket = Math.ceil(Math.log(longestMs / firstMs) / Math.log(growth));

const upperMs: readonly number[] = Array.from({ length: lastBucket + 1 }, (_, bucket) =>
  Math.round(firstMs * growth ** bucket),
);

/** The longest duration of the bucket; what is longer than the last one's is in it as well. */
export const upperOf = (bucket: number): number => upperMs[bucket] ?? longestMs * growth;

/** The bucket of a duration in milliseconds. */
export const bucketOf = (ms: number): number => {
  const found = upperMs.findIndex((upper) => ms <= upper);
  return found === -1 ? lastBucket : found;
};

/** The bucket of what is known to be longer than `ms`. */
export const bucketAbove = (ms: number): number => Math.min(lastBucket, bucketOf(ms) + 1);
