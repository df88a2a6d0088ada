import { Fault, type FaultCode } from '../errors.ts';
import type { Job, Usage } from '../job/job.ts';
import type { Spent } from '../job/spend.ts';
import { estimatedTokens } from '../job/token-estimate.ts';
import { outputChars, usageIn } from '../wire/metering.ts';
import type { JsonObject } from '../wire/production.ts';
import { isEnding } from '../wire/responses/finish.ts';

/**
 * Refusals: nothing was generated, and nothing is billed. Any other failure before the first event may
 * have come after the model had read its input; `upstream_error` is also what a proxy's 504 becomes.
 */
const refusals: readonly FaultCode[] = [
  'upstream_unreachable',
  'upstream_credentials',
  'upstream_rejected',
  'upstream_rate_limited',
  'upstream_unavailable',
];

/** What one attempt takes, counted while it runs. */
export type Meter = {
  /** A call for a new generation goes out. */
  called(): void;
  /** An event of the attempt's generation, of a new one or of one it goes on with. */
  saw(event: JsonObject): void;
  /** Characters of output in this attempt's generation so far. */
  readonly chars: number;
  /** The call failed. */
  failed(thrown: unknown): void;
  /** The generation is given up: what it took stays spent, and is none of the next one's. */
  gaveUp(): void;
  /** The generation came to its own end, which told this. */
  finished(usage: Usage | undefined): void;
  spent(): Spent;
};

type Generation = {
  /** The input is on this attempt's account. */
  isOwn: boolean;
  events: number;
  chars: number;
  heard: Usage | undefined;
  /** What was heard last covers all of it. */
  isWhole: boolean;
};

const nothing = (): Generation => ({
  isOwn: false,
  events: 0,
  chars: 0,
  heard: undefined,
  isWhole: false,
});

type Count = { readonly inputTokens: number; readonly outputTokens: number };

export const beginMeter = ({ inputTokens = 0 }: Pick<Job, 'inputTokens'>): Meter => {
  let now = nothing();
  let before: Count = { inputTokens: 0, outputTokens: 0 };

  /** Some servers tell in each chunk what it has come to. */
  const counted = ({ isOwn, chars, heard }: Generation): Count => ({
    inputTokens: isOwn ? (heard?.input_tokens ?? inputTokens) : 0,
    outputTokens: Math.max(estimatedTokens(chars), isOwn ? (heard?.output_tokens ?? 0) : 0),
  });

  const add = (a: Count, b: Count): Count => ({
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
  });

  return {
    get chars() {
      return now.chars;
    },
    called: () => {
      now.isOwn = true;
    },
    saw: (event) => {
      now.events += 1;
      now.chars += outputChars(event);
      now.heard = usageIn(event) ?? now.heard;
      now.isWhole = isEnding(event) && now.heard !== undefined;
    },
    failed: (thrown) => {
      const isRefused = thrown instanceof Fault && refusals.includes(thrown.code);
      if (isRefused && now.events === 0) now.isOwn = false;
    },
    gaveUp: () => {
      before = add(before, counted(now));
      now = nothing();
    },
    finished: (usage) => {
      now.heard = usage;
      now.isWhole = usage !== undefined;
    },
    spent: () =>
      now.isWhole
        ? { told: now.heard, ...before }
        : { told: undefined, ...add(before, counted(now)) },
  };
};
