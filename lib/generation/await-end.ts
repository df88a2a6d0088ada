import { isEnded, type Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { Deps } from '../ports.ts';
import { markRead } from './mark-read.ts';

const firstPauseMs = 100;
const longestPauseMs = 500;

/** A read that fails is made up for by the next one. */
const glance = async (deps: Pick<Deps, 'jobs'>, id: string): Promise<Job | undefined> => {
  try {
    return await deps.jobs.load(id, 'eventual');
  } catch {
    return undefined;
  }
};

/**
 * The job once it has ended, or as it is at `untilMs` or when `signal` aborts. Undefined when there
 * is none. Reads eventually consistently while it
 * waits, and strongly at the end; sees to it that the job is not left parked. Throws Fault
 * `store_unavailable`.
 */
export const awaitEnd = async (
  deps: Pick<Deps, 'jobs' | 'queue' | 'clock' | 'log'>,
  id: string,
  untilMs: EpochMs,
  signal: AbortSignal,
): Promise<Job | undefined> => {
  let pauseMs = firstPauseMs;
  for (;;) {
    const leftMs = untilMs - deps.clock.nowMs();
    if (leftMs <= 0 || signal.aborted) return deps.jobs.load(id, 'strong');
    const seen = await glance(deps, id);
    if (seen !== undefined && isEnded(seen)) return seen;
    if (seen !== undefined) await markRead(deps, seen, { kind: 'wait', untilMs });
    try {
      await deps.clock.sleep(Math.min(pauseMs, Math.max(1, leftMs)), signal);
    } catch {
      // The signal ended the wait; the last read follows.
    }
    pauseMs = Math.min(longestPauseMs, Math.round(pauseMs * 1.3));
  }
};
