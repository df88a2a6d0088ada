import { checkpointDue } from '../job/checkpoint.ts';
import { isEnded, type Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import type { Attempt, Parking } from './attempt.ts';
import { mayPark } from './park.ts';

const beatMs = 1_000;

/** Whether the job was ended, claimed by somebody else, or put back into the queue by the sweep. */
const isLost = (seen: Job, attempt: number): boolean =>
  isEnded(seen) || seen.attempt > attempt || (seen.attempt === attempt && seen.status === 'queued');

/** Resolves when the beat that is under way, if any, has ended; no other follows. */
export type Pulse = { end(): Promise<void> };

type Heart = Pick<Attempt, 'via' | 'task' | 'lease' | 'transcript' | 'stopper' | 'contact'>;

/**
 * Looks after an attempt once a second while it runs: notices that the job was ended or taken by
 * somebody else, writes checkpoints, renews the lease. A beat that fails is logged and the next one
 * tries again; when the lease is gone, or nobody waits for what goes on without it, the attempt is
 * stopped.
 */
export const startPulse = (
  deps: Pick<Deps, 'jobs' | 'clock' | 'log'> & Parking,
  heart: Heart,
): Pulse => {
  const { lease, transcript, stopper } = heart;
  const ending = new AbortController();

  const beat = async (): Promise<boolean> => {
    const seen = await deps.jobs.load(lease.job.id, 'eventual');
    if (seen !== undefined && isLost(seen, lease.job.attempt)) return false;
    const nowMs = deps.clock.nowMs();
    if (seen !== undefined && mayPark(deps, heart, seen, nowMs)) {
      stopper.stop('unfollowed');
      return true;
    }
    const { pendingBytes, lastCheckpointAtMs } = transcript;
    const followed = (seen?.followedUntilMs ?? 0) > nowMs;
    const due = checkpointDue({ pendingBytes, lastCheckpointAtMs, nowMs, followed });
    return due ? transcript.checkpoint() : lease.keep();
  };

  const run = async (): Promise<void> => {
    while (!ending.signal.aborted) {
      try {
        await deps.clock.sleep(beatMs, ending.signal);
      } catch {
        return;
      }
      try {
        if (!(await beat())) {
          stopper.stop('superseded');
          return;
        }
      } catch (error) {
        deps.log.warn('pulse.missed', { jobId: lease.job.id, error });
      }
    }
  };

  const running = run();
  return {
    end: () => {
      ending.abort('ended');
      return running;
    },
  };
};
