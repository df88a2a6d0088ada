import type { BenchResult } from '../harness/result.ts';
import { type Kind, long, middle, short } from './mix.ts';

/** One part of the bench, which has stands of its own. */
export type Part = Omit<BenchResult, 'notes'>;

/** How much of it is run. */
export type Size = {
  readonly isSmoke: boolean;
  readonly packageDir: string;
  readonly generations: number;
  /** How many times as fast time runs at the upstream. */
  readonly speed: number;
  /** Between two requests of the mix. */
  readonly everyMs: number;
  /** Backlogs for the worker, in full batches. */
  readonly backlogs: readonly { readonly kind: Kind; readonly batches: number }[];
  readonly proseSeconds: number;
};

/** In real time: nothing that depends on the clock is scaled, and nothing has to be corrected. */
export const whole: Omit<Size, 'packageDir'> = {
  isSmoke: false,
  generations: 100,
  speed: 1,
  everyMs: 500,
  backlogs: [
    { kind: short, batches: 4 },
    { kind: middle, batches: 2 },
    { kind: long, batches: 1 },
  ],
  proseSeconds: 60,
};

export const smoke: Omit<Size, 'packageDir'> = {
  isSmoke: true,
  generations: 10,
  speed: 100,
  everyMs: 50,
  backlogs: [{ kind: short, batches: 1 }],
  proseSeconds: 1,
};

/** The deployed batch, and one job an invocation. */
export const shippedBatch = 10;

/** An upstream with background mode, of whose generations the worker lets go, or does not. */
export const parking = { OPENAI_PROTOCOL: 'responses' } as const;
export const unparked = { ...parking, PARK_AFTER_MS: 'never' } as const;
