import { isClaimable } from '../job/claimable.ts';
import type { Job } from '../job/job.ts';
import { standInWithinMs, unclaimedMs } from '../limits.ts';
import { type FollowDeps, followJob, type StreamItem } from './follow.ts';
import { type WorkDeps, work } from './work.ts';

export type StandInDeps = FollowDeps & WorkDeps;

/** Works on a job that no worker claims, one attempt at a time. */
const standIn = (deps: StandInDeps, functionSignal: AbortSignal) => {
  const latestMs = deps.clock.nowMs() + standInWithinMs;
  let sinceMs: number | undefined;
  let working: Promise<void> | undefined;

  const carryOut = async ({ id: jobId, epoch }: Job): Promise<void> => {
    deps.log.info('job.stood_in', { jobId });
    try {
      // What it comes to is in the job; the message is another's.
      await work(deps, { v: 1, jobId, epoch }, functionSignal);
    } catch (error) {
      deps.log.warn('job.untaken', { jobId, error });
    } finally {
      working = undefined;
    }
  };

  return {
    saw: (job: Job): void => {
      const nowMs = deps.clock.nowMs();
      if (working !== undefined || !isClaimable(job, nowMs)) {
        sinceMs = undefined;
        return;
      }
      sinceMs ??= nowMs;
      if (nowMs - sinceMs < unclaimedMs || nowMs > latestMs) return;
      sinceMs = undefined;
      working = carryOut(job);
    },
    done: async (): Promise<void> => working,
  };
};

/**
 * As `followJob`, in a function that makes jobs: while it streams it holds a sandbox, of which there may be
 * none left for a worker. A job that stays in the queue is therefore worked on here, as by one more worker.
 */
export async function* followOrStandIn(
  deps: StandInDeps,
  id: string,
  from: Parameters<typeof followJob>[2],
  functionSignal: AbortSignal,
): AsyncGenerator<StreamItem> {
  const { saw, done } = standIn(deps, functionSignal);
  try {
    yield* followJob(deps, id, from, functionSignal, saw);
  } finally {
    await done();
  }
}
