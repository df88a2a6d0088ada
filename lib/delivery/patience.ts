import type { CallbackOutcome } from '../callback/outcome.ts';
import { after } from '../job/time.ts';
import { heldUpMs, laneAskedMs, slowReceiverMs, slowTenantMs } from '../limits.ts';
import { type LaneDeps, type Lanes, sandboxLanes } from './lane.ts';

/** The right to keep the sandbox waiting for one receiver; `leave` gives it back, and never throws. */
export type Place = {
  /** Aborted when the sandbox must be waited for no longer. */
  readonly signal: AbortSignal;
  leave(outcome: CallbackOutcome | undefined): Promise<void>;
};

/** Who is to be called. */
export type Receiver = {
  readonly tenant: string;
  readonly url: string;
  /** It is registered, and its last attempt has succeeded. */
  readonly isProven: boolean;
};

/** How one sandbox deals with receivers that may hold it up. */
export type Patience = {
  /** Undefined: not now. Throws Fault `store_unavailable`. */
  enter(receiver: Receiver): Promise<Place | undefined>;
};

const maxRemembered = 1_000;

const remember = <V>(map: Map<string, V>, key: string, value: V): void => {
  map.delete(key);
  map.set(key, value);
  const [oldest] = map.keys();
  if (map.size > maxRemembered && oldest !== undefined) map.delete(oldest);
};

/**
 * A function that handles ten deliveries ends with the slowest of them, and takes no others until then.
 * So whoever may hold it up is tried by few sandboxes, and the rest is there for everybody else:
 *
 * - An attempt that lasts 2 s marks its tenant as slow, for all sandboxes and ten minutes. One that
 *   lasts 5 s and began without the lane goes on if it gets it now, and is stopped if not.
 * - A slow tenant's receivers wait for its lane, which one sandbox has at a time; but for those that
 *   answered this sandbox fast since then, and for registered ones that are well.
 * - A receiver that timed out is left alone for a minute, and then tried by one attempt.
 *
 * By the tenant, since URLs can be another for each job; only the lane is by the tenant, so that none of
 * its receivers is taken for dead for another's sake.
 */
export const newPatience = (
  deps: LaneDeps,
  laneCount: number,
  lanes: Lanes = sandboxLanes(deps, laneCount),
): Patience => {
  /** Of each tenant, receivers that have answered fast, unless one of its was slow since. */
  const fast = new Map<string, Set<string>>();
  const slow = new Map<string, true>();
  const alone = new Map<string, number>();

  const noteFast = (tenant: string, receiver: string): void => {
    const known = fast.get(tenant) ?? new Set();
    if (known.size < maxRemembered) known.add(receiver);
    remember(fast, tenant, known);
    slow.delete(receiver);
  };

  const noteSlow = async (tenant: string, receiver: string): Promise<void> => {
    fast.delete(tenant);
    remember(slow, receiver, true);
    try {
      await deps.slowLanes.mark(tenant, after(deps.clock.nowMs(), slowTenantMs));
    } catch (error) {
      deps.log.warn('tenant.unmarked', { tenant, error });
    }
  };

  /** Whether it is left alone; else this attempt is the one that tries it. */
  const isLeftAlone = (receiver: string): boolean => {
    const untilMs = alone.get(receiver);
    if (untilMs === undefined) return false;
    const nowMs = deps.clock.nowMs();
    if (untilMs > nowMs) return true;
    remember(alone, receiver, after(deps.clock.nowMs(), slowReceiverMs));
    return false;
  };

  const mayBeSlow = async ({ tenant, isProven }: Receiver, receiver: string): Promise<boolean> => {
    if (fast.get(tenant)?.has(receiver)) return false;
    if (isProven && !slow.has(receiver)) return false;
    return slow.has(receiver) || (await deps.slowLanes.isSlow(tenant, deps.clock.nowMs()));
  };

  /** The lane for an attempt that began without it; one that does not get it is to stop. */
  const askLane = async (tenant: string, stop: AbortController) => {
    try {
      const leaveLane = await lanes.enter(tenant);
      if (leaveLane === undefined) stop.abort();
      return leaveLane;
    } catch (error) {
      deps.log.warn('lane.unasked', { tenant, error });
      return undefined;
    }
  };

  const settle = (tenant: string, receiver: string, lane?: () => Promise<void>): Place => {
    const [done, stop] = [new AbortController(), new AbortController()];
    let leaveLane = lane;
    let isHeldUp = false;
    const watch = async (): Promise<void> => {
      await deps.clock.sleep(heldUpMs, done.signal);
      isHeldUp = true;
      await noteSlow(tenant, receiver);
      if (lane !== undefined) return;
      await deps.clock.sleep(laneAskedMs - heldUpMs, done.signal);
      leaveLane = await askLane(tenant, stop);
    };
    const watching = watch().catch(() => undefined);
    return {
      signal: stop.signal,
      leave: async (outcome) => {
        done.abort();
        await watching;
        const nowMs = deps.clock.nowMs();
        if (outcome?.kind === 'failed' && outcome.why === 'timed_out') {
          remember(alone, receiver, after(nowMs, slowReceiverMs));
        } else if (outcome !== undefined && !isHeldUp) {
          alone.delete(receiver);
          noteFast(tenant, receiver);
        }
        await leaveLane?.();
      },
    };
  };

  return {
    async enter(who) {
      const receiver = `${who.tenant} ${who.url.split('?')[0]}`;
      if (!(await mayBeSlow(who, receiver))) {
        return isLeftAlone(receiver) ? undefined : settle(who.tenant, receiver);
      }
      if ((alone.get(receiver) ?? 0) > deps.clock.nowMs()) return undefined;
      const leaveLane = await lanes.enter(who.tenant);
      if (leaveLane === undefined) return undefined;
      if (!isLeftAlone(receiver)) return settle(who.tenant, receiver, leaveLane);
      await leaveLane();
      return undefined;
    },
  };
};
