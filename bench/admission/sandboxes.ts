import type { Durations } from '../../lib/durations/durations.ts';
import { noDurations } from '../../lib/durations/durations.ts';
import { modelDurations } from '../../lib/generation/model-durations.ts';
import { type EpochMs, epochMs } from '../../lib/job/time.ts';
import type { DurationStore, ModelDurations } from '../../lib/ports/durations.ts';
import type { Random } from './random.ts';

/** Virtual time, which only the simulation moves. */
export type VirtualClock = { nowMs(): EpochMs; moveTo(ms: number): void };

export const virtualClock = (): VirtualClock => {
  const beganAtMs = 1_800_000_000_000;
  let now = epochMs(beganAtMs);
  return {
    nowMs: () => now,
    moveTo: (ms) => {
      now = epochMs(beganAtMs + Math.round(ms));
    },
  };
};

/** The table as far as durations go, with its condition, and what it was asked. */
export type CountedStore = DurationStore & { readonly asked: { reads: number; writes: number } };

export const countedStore = (): CountedStore => {
  let item: Durations = noDurations();
  const asked = { reads: 0, writes: 0 };
  return {
    asked,
    load: async () => {
      asked.reads += 1;
      return item;
    },
    save: async (_, __, next, seenRev) => {
      asked.writes += 1;
      if (item.rev !== seenRev) return 'refused';
      item = next;
      return 'saved';
    },
  };
};

/** What each of `count` sandboxes knows, as the service's own do. */
export const sandboxes = (
  count: number,
  store: DurationStore,
  clock: VirtualClock,
  random: Random,
): readonly ModelDurations[] => {
  const silent = (): void => undefined;
  const deps = {
    store,
    clock: { nowMs: clock.nowMs, sleep: async () => undefined },
    ids: {
      random,
      next: () => '',
      nonce: () => '',
      secretBytes: (bytes: number) => new Uint8Array(bytes),
    },
    log: { info: silent, warn: silent, error: silent },
  };
  return Array.from({ length: count }, () => modelDurations(deps));
};
