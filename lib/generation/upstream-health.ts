import { type EpochMs, epochMs } from '../job/time.ts';
import { earnedFlushMs, healthFreshMs } from '../limits.ts';
import type { UpstreamHealth, UpstreamHealthStore } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import { earn, isFull, refill } from '../upstream-health/budget.ts';
import { hasTrouble, learn } from '../upstream-health/evidence.ts';
import { type Health, healthy } from '../upstream-health/health.ts';
import { admitCall, forgone, type Passage } from '../upstream-health/passage.ts';
import { callsBeside } from './calls-beside.ts';
import { logTurns } from './circuit-log.ts';

type HealthDeps = Pick<Deps, 'clock' | 'ids' | 'log'> & { readonly store: UpstreamHealthStore };

/** What this sandbox knows of one upstream. */
type Known = {
  /** Undefined while the store does not tell. */
  health: Health | undefined;
  readAtMs: number;
  loading: Promise<void> | undefined;
  /** Calls whose earnings are not written yet. */
  earned: number;
  flushedAtMs: number;
  readonly beside: ReturnType<typeof callsBeside>;
};

type Decision<T> = { readonly next?: Health | undefined; readonly result: T };

/** Saves that others are faster with are repeated this often, after pauses of up to these. */
const pausesMs = [0, 0, 20, 60, 150, 300];
/** Of many first events at once not every one has to be counted. */
const answerPausesMs = [0, 0, 20];

/**
 * The upstreams' health for one sandbox, whose cache this is: it belongs to the upstreams and to no
 * request. While all is well a sandbox reads once in `healthFreshMs`, when a call begins or a generation
 * has ended well, and nothing is written.
 */
export const upstreamHealth = (deps: HealthDeps): UpstreamHealth => {
  const { store, clock, ids, log } = deps;
  const upstreams = new Map<string, Known>();

  const knownOf = (upstream: string): Known => {
    const found = upstreams.get(upstream);
    if (found !== undefined) return found;
    const made: Known = {
      health: undefined,
      readAtMs: 0,
      loading: undefined,
      earned: 0,
      flushedAtMs: 0,
      beside: callsBeside(),
    };
    upstreams.set(upstream, made);
    return made;
  };

  const learnt = (known: Known, health: Health | undefined): void => {
    known.health = health;
    known.readAtMs = clock.nowMs();
  };

  const load = async (upstream: string, known: Known): Promise<void> => {
    try {
      learnt(known, await store.load(upstream));
    } catch (error) {
      log.warn('health.untold', { upstream, error });
      learnt(known, undefined);
    } finally {
      known.loading = undefined;
    }
  };

  const refresh = (upstream: string, known: Known): Promise<void> => {
    known.loading ??= load(upstream, known);
    return known.loading;
  };

  const fresh = async (upstream: string): Promise<Known> => {
    const known = knownOf(upstream);
    const ageMs = clock.nowMs() - known.readAtMs;
    if (ageMs < 0 || ageMs >= healthFreshMs) await refresh(upstream, known);
    return known;
  };

  /** With what this sandbox's calls have earned; nothing is earned over a full budget. */
  const withEarned = (health: Health, known: Known, nowMs: EpochMs): Health => ({
    ...health,
    ...earn(refill(health, nowMs), known.earned),
  });

  const save = async (
    upstream: string,
    known: Known,
    from: Health,
    next: Health,
  ): Promise<boolean> => {
    const { earned } = known;
    const written = { ...next, rev: from.rev + 1 };
    if ((await store.save(upstream, written, from.rev)) === 'refused') return false;
    learnt(known, written);
    known.earned = Math.max(0, known.earned - earned);
    known.flushedAtMs = clock.nowMs();
    logTurns(log, upstream, from, written);
    return true;
  };

  /**
   * Read, decide, write if nobody wrote between. Undefined when others were always faster; the
   * decision on a healthy upstream when the store does not answer.
   */
  const change = async <T>(
    upstream: string,
    decide: (health: Health, nowMs: EpochMs) => Decision<T>,
    pauses = pausesMs,
  ): Promise<T | undefined> => {
    const known = await fresh(upstream);
    try {
      for (const [refusals, pauseMs] of pauses.entries()) {
        if (pauseMs > 0) await clock.sleep(Math.ceil(pauseMs * ids.random()));
        if (refusals > 0) await refresh(upstream, known);
        const { health } = known;
        if (health === undefined) break;
        const nowMs = clock.nowMs();
        const { next, result } = decide(withEarned(health, known, nowMs), nowMs);
        if (next === undefined || (await save(upstream, known, health, next))) return result;
      }
      if (known.health !== undefined) {
        if (pauses === pausesMs) log.warn('health.contended', { upstream });
        return undefined;
      }
    } catch (error) {
      log.warn('health.unwritten', { upstream, error });
      learnt(known, undefined);
    }
    return decide(healthy(), clock.nowMs()).result;
  };

  /** The earnings of first calls are kept here, and are written while they matter. */
  const count = async (upstream: string, known: Known): Promise<void> => {
    const nowMs = clock.nowMs();
    if (known.health === undefined || isFull(known.health, nowMs)) {
      known.earned = 0;
      return;
    }
    known.earned += 1;
    if (nowMs - known.flushedAtMs < earnedFlushMs) return;
    await change(upstream, (health) => ({ next: health, result: undefined }));
  };

  return {
    prefetch: (upstream) => void fresh(upstream),

    async mayCall(upstream, model, kind) {
      const known = await fresh(upstream);
      const nowMs = clock.nowMs();
      const call = { model, kind };
      const { passage, next } = admitCall(
        withEarned(known.health ?? healthy(), known, nowMs),
        call,
        nowMs,
      );
      if (passage.kind === 'wait') return passage;
      let given: Passage = passage;
      if (next !== undefined) {
        const taken = await change(upstream, (health, atMs) => {
          const admittance = admitCall(health, call, atMs);
          return { next: admittance.next, result: admittance.passage };
        });
        // Others took what there was to take, as fast as it could be asked for.
        if (taken === undefined) return contended(kind, clock.nowMs());
        if (taken.kind === 'wait') return taken;
        given = taken;
      }
      if (kind === 'first') await count(upstream, known);
      return given;
    },

    async giveBack(upstream, model, taken) {
      await change(upstream, (health, nowMs) => {
        const next = forgone(health, model, taken, nowMs);
        return { next: next === health ? undefined : next, result: undefined };
      });
    },

    async report(use, evidence) {
      const { upstream, model, isRetry = false, hasAnswered } = use;
      const known = knownOf(upstream);
      if (evidence === 'answered') known.beside.answered(model);
      else if (hasAnswered) known.beside.ended(model);
      const isBad = evidence === 'failed' || evidence === 'unreachable';
      const matters = (): boolean => {
        const nowMs = clock.nowMs();
        if (known.health === undefined) return false;
        return hasTrouble(known.health, model, nowMs) || (isRetry && !isFull(known.health, nowMs));
      };
      // A generation may have taken minutes: what was known when it began is no reason to keep silent.
      if (evidence === 'finished') await fresh(upstream);
      if (!isBad && !matters()) return;
      await change(
        upstream,
        (health, nowMs) => {
          const beside = evidence === 'failed' ? known.beside.untold(health, model) : 0;
          const next = learn(health, { ...use, beside }, evidence, nowMs);
          return { next: next === health ? undefined : next, result: undefined };
        },
        evidence === 'answered' ? answerPausesMs : pausesMs,
      );
      if (evidence === 'failed') known.beside.told(known.health, model);
    },
  };
};

const contended = (kind: string, nowMs: EpochMs): Passage => ({
  kind: 'wait',
  why: kind === 'retry' ? 'retry_budget' : 'circuit',
  untilMs: epochMs(nowMs),
  isProbed: true,
});
