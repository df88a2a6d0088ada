import {
  type Durations,
  type Expected,
  expectedOf,
  learnt,
  noDurations,
  type Observation,
} from '../durations/durations.ts';
import type { EpochMs } from '../job/time.ts';
import {
  durationEvidence,
  durationSurprise,
  durationsFlushMs,
  durationsFreshMs,
  durationsStaleMs,
  durationsSurpriseMs,
  durationsUnseenMs,
  maxHeldObservations,
  maxKnownModels,
} from '../limits.ts';
import type { DurationStore, ModelDurations } from '../ports/durations.ts';
import type { Deps } from '../ports.ts';

type DurationDeps = Pick<Deps, 'clock' | 'ids' | 'log'> & { readonly store: DurationStore };

/** What this sandbox knows of one model. */
type Known = {
  readonly upstream: string;
  readonly model: string;
  /** Undefined while the store does not tell. */
  durations: Durations | undefined;
  readAtMs: number;
  loading: Promise<void> | undefined;
  /** Seen here, and not written yet. */
  held: Observation[];
  /** Both together; undefined since the durations were read or written. */
  sum: Durations | undefined;
  savedAtMs: number;
  isSaving: boolean;
};

/** A refused write costs ten times what a read does: what is written upon is no older than this. */
const writeUponMs = 1_000;

/** Saves that others are faster with are repeated this often, after pauses of up to these. */
const pausesMs = [0, 20, 100];

/**
 * The models' durations for one sandbox, whose cache this is: it belongs to the models and to no
 * request. A request costs no read while the cache is fresh, and waits for none until it is stale. What
 * finishes costs one write where it is news, and else a share of one.
 */
export const modelDurations = (deps: DurationDeps): ModelDurations => {
  const { store, clock, ids, log } = deps;
  /** The least recently used first. */
  const models = new Map<string, Known>();

  const knownOf = (upstream: string, model: string): Known => {
    const key = JSON.stringify([upstream, model]);
    const known: Known = models.get(key) ?? {
      upstream,
      model,
      durations: undefined,
      readAtMs: 0,
      loading: undefined,
      held: [],
      sum: undefined,
      savedAtMs: 0,
      isSaving: false,
    };
    models.delete(key);
    models.set(key, known);
    const [oldest] = models.keys();
    if (models.size > maxKnownModels && oldest !== undefined) models.delete(oldest);
    return known;
  };

  const load = async (known: Known): Promise<void> => {
    const { upstream, model } = known;
    try {
      known.durations = await store.load(upstream, model);
    } catch (error) {
      log.warn('durations.untold', { upstream, model, error });
      known.durations = undefined;
    } finally {
      known.sum = undefined;
      known.readAtMs = clock.nowMs();
      known.loading = undefined;
    }
  };

  const refresh = (known: Known): Promise<void> => {
    known.loading ??= load(known);
    return known.loading;
  };

  const ageMs = (known: Known): number => {
    const sinceMs = clock.nowMs() - known.readAtMs;
    return sinceMs < 0 ? Number.POSITIVE_INFINITY : sinceMs;
  };

  /** Kept, since every request asks for it. */
  const withHeld = (known: Known, nowMs: EpochMs): Durations => {
    const { durations = noDurations(), held } = known;
    known.sum ??= held.reduce((sum, seen) => learnt(sum, seen, nowMs), durations);
    return known.sum;
  };

  const hold = (known: Known, observation: Observation): void => {
    const nowMs = clock.nowMs();
    known.sum = learnt(withHeld(known, nowMs), observation, nowMs);
    known.held = [...known.held, observation].slice(-maxHeldObservations);
  };

  /** Read, learn, write if nobody wrote between. What cannot be written is held, or given up in doubt. */
  const flush = async (known: Known): Promise<void> => {
    const { upstream, model } = known;
    for (const pauseMs of pausesMs) {
      if (pauseMs > 0) {
        await clock.sleep(Math.ceil(pauseMs * ids.random()));
        await refresh(known);
      } else if (ageMs(known) >= writeUponMs) await refresh(known);
      if (known.durations === undefined) return;
      const count = known.held.length;
      const { rev } = known.durations;
      const next = { ...withHeld(known, clock.nowMs()), rev: rev + 1 };
      const saved = await store.save(upstream, model, next, rev).catch((error: unknown) => {
        log.warn('durations.unwritten', { upstream, model, error });
        return undefined;
      });
      if (saved === 'refused') continue;
      known.held = known.held.slice(count);
      known.readAtMs = saved === undefined ? 0 : clock.nowMs();
      if (saved !== undefined) known.durations = next;
      known.sum = undefined;
      return;
    }
    log.info('durations.contended', { upstream, model });
  };

  const isDue = (known: Known, { ms, maxOutputTokens }: Observation): boolean => {
    const nowMs = clock.nowMs();
    const sinceMs = nowMs - known.savedAtMs;
    const expected = expectedOf(known.durations ?? noDurations(), maxOutputTokens, nowMs);
    if (expected === undefined || expected.observed < 2 * durationEvidence) return true;
    const isSurprise = ms > expected.ms * durationSurprise;
    return sinceMs >= (isSurprise ? durationsSurpriseMs : durationsFlushMs);
  };

  return {
    async expected(upstream, model, maxOutputTokens) {
      const known = knownOf(upstream, model);
      const told = (): Expected | undefined => {
        const nowMs = clock.nowMs();
        return expectedOf(withHeld(known, nowMs), maxOutputTokens, nowMs);
      };
      const isStale = ageMs(known) >= durationsStaleMs;
      if (isStale || (ageMs(known) >= durationsUnseenMs && told() === undefined)) {
        await refresh(known);
      } else if (ageMs(known) >= durationsFreshMs) void refresh(known);
      return told();
    },

    async saw(upstream, model, observation) {
      const known = knownOf(upstream, model);
      hold(known, observation);
      if (known.isSaving || !isDue(known, observation)) return;
      known.isSaving = true;
      try {
        await flush(known);
      } finally {
        known.savedAtMs = clock.nowMs();
        known.isSaving = false;
      }
    },
  };
};
