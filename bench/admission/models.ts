import { logNormal, type Random } from './random.ts';

/** How long the generations of a model take, in milliseconds; `share` is how far the run has come. */
export type Model = {
  readonly name: string;
  /** Between its requests, on average. */
  readonly everyMs: number;
  durationMs(random: Random, share: number): number;
};

const second = 1_000;

/** Against a wait of 25 s. */
export const models: readonly Model[] = [
  {
    name: 'below: 3 s',
    everyMs: second,
    durationMs: (random) => logNormal(random, 3 * second, 0.35),
  },
  {
    name: 'above: 90 s',
    everyMs: second,
    durationMs: (random) => logNormal(random, 90 * second, 0.35),
  },
  {
    name: 'astride: 20 s, a third over 25 s',
    everyMs: second,
    durationMs: (random) => logNormal(random, 20 * second, 0.6),
  },
  {
    name: 'rarely long: 3 s, one in 100 takes 60 s',
    everyMs: second,
    durationMs: (random) => logNormal(random, (random() < 0.01 ? 60 : 3) * second, 0.35),
  },
  {
    name: 'the mix: 70 % 3 s, 20 % 30 s, 10 % 300 s',
    everyMs: second,
    durationMs: (random) => {
      const at = random();
      return logNormal(random, (at < 0.7 ? 3 : at < 0.9 ? 30 : 300) * second, 0.1);
    },
  },
  {
    name: 'slows down: 3 s, from half-way on 60 s',
    everyMs: second,
    durationMs: (random, share) => logNormal(random, (share < 0.5 ? 3 : 60) * second, 0.35),
  },
  {
    name: 'speeds up: 60 s, from half-way on 3 s',
    everyMs: second,
    durationMs: (random, share) => logNormal(random, (share < 0.5 ? 60 : 3) * second, 0.35),
  },
  {
    name: 'quiet: 3 s, one request in an hour',
    everyMs: 3_600 * second,
    durationMs: (random) => logNormal(random, 3 * second, 0.35),
  },
];
