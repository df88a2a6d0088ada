import type { EpochMs } from '../job/time.ts';
import type { Clock } from '../ports/system.ts';

/** Whether an attempt hears of a generation that is its job's: only such a one can be left to itself. */
export type Contact = {
  /** Since when; undefined while it does not. */
  readonly sinceMs: EpochMs | undefined;
  made(): void;
  lost(): void;
};

export const noContact = (clock: Pick<Clock, 'nowMs'>): Contact => {
  let sinceMs: EpochMs | undefined;
  return {
    get sinceMs() {
      return sinceMs;
    },
    made: () => {
      sinceMs ??= clock.nowMs();
    },
    lost: () => {
      sinceMs = undefined;
    },
  };
};
