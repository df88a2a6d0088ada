/** Chance that is the same in every run of one seed: mulberry32, by Tommy Ettinger, public domain. */
export type Random = () => number;

export const seeded = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** Spread around `median` as generation times are: by a factor, whose logarithm is normal. */
export const logNormal = (random: Random, median: number, sigma: number): number =>
  median *
  Math.exp(sigma * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random()));

/** The pause until the next of events that come at random, `mean` apart. */
export const exponential = (random: Random, mean: number): number => -mean * Math.log(1 - random());
