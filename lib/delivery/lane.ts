import { createHash } from 'node:crypto';
import { after } from '../job/time.ts';
import { slowLaneMs } from '../limits.ts';
import type { Deps } from '../ports.ts';

export type LaneDeps = Pick<Deps, 'slowLanes' | 'clock' | 'ids' | 'log'>;

/** One sandbox's use of the lanes. */
export type Lanes = {
  /** What gives the lane up again; undefined when another sandbox has it. Throws Fault `store_unavailable`. */
  enter(tenant: string): Promise<(() => Promise<void>) | undefined>;
};

/**
 * Slow receivers of a tenant are tried by one sandbox at a time: the one that has the tenant's lane. The
 * lanes are so few that they never hold all sandboxes. A sandbox that dies in one keeps it for 20 s.
 */
export const sandboxLanes = (deps: LaneDeps, count: number): Lanes => {
  const sandbox = deps.ids.nonce();
  const attempts = new Map<number, number>();

  const leave = async (lane: number): Promise<void> => {
    const left = (attempts.get(lane) ?? 1) - 1;
    attempts.set(lane, left);
    if (left > 0) return;
    try {
      await deps.slowLanes.leave(lane, sandbox);
    } catch (error) {
      deps.log.warn('lane.kept', { lane, error });
    }
  };

  return {
    enter: async (tenant) => {
      const lane = createHash('sha256').update(tenant).digest().readUInt32BE(0) % count;
      attempts.set(lane, (attempts.get(lane) ?? 0) + 1);
      let isIn = false;
      try {
        const nowMs = deps.clock.nowMs();
        const until = { nowMs, untilMs: after(nowMs, slowLaneMs) };
        isIn = (await deps.slowLanes.enter(lane, sandbox, until)) === 'entered';
      } finally {
        if (!isIn) attempts.set(lane, (attempts.get(lane) ?? 1) - 1);
      }
      return isIn ? () => leave(lane) : undefined;
    },
  };
};
