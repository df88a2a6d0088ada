import { attend, type Reader } from '../job/follow.ts';
import type { Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { sendAgain } from './send-again.ts';

/**
 * Tells whoever works on a job, or will, that somebody reads it; one that is parked is sent for. Never
 * throws: a mark that fails is made up for by the next, and the sweep sends what could not be sent.
 */
export const markRead = async (
  deps: Pick<Deps, 'jobs' | 'queue' | 'clock' | 'log'>,
  job: Job,
  reader: Reader,
): Promise<void> => {
  const mark = attend(job, reader, deps.clock.nowMs());
  if (mark === undefined) return;
  try {
    const outcome = await deps.jobs.write(mark.write);
    if (mark.send && outcome.kind === 'written') await sendAgain(deps, outcome.job, 0);
  } catch (error) {
    deps.log.warn('follow.unmarked', { jobId: job.id, error });
  }
};
