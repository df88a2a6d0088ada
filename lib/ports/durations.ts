import type { Durations, Expected, Observation } from '../durations/durations.ts';

/** How long generations take, an item for each model of an upstream. Methods throw Fault `store_unavailable`. */
export interface DurationStore {
  /** Of a model that nothing is known of, an empty record. Also throws `item_unreadable`. */
  load(upstream: string, model: string): Promise<Durations>;
  /** `next` replaces what was read as `seenRev`. A `refused` may be the echo of a save that landed. */
  save(
    upstream: string,
    model: string,
    next: Durations,
    seenRev: number,
  ): Promise<'saved' | 'refused'>;
}

/** How long generations take, as far as this sandbox knows. Never throws. */
export interface ModelDurations {
  /** What a request for that much output can be expected to take; undefined when too few were seen. */
  expected(
    upstream: string,
    model: string,
    maxOutputTokens: number | undefined,
  ): Promise<Expected | undefined>;
  /** Resolves once the observation is written, where it is written at once. */
  saw(upstream: string, model: string, observation: Observation): Promise<void>;
}
