import type { Job } from '../job/job.ts';
import { maxMessageDelayMs } from '../limits.ts';
import type { Deps } from '../ports.ts';

/** The message of a job that counts as accepted: a send that fails is made up for by the sweep. */
export const sendAgain = async (
  deps: Pick<Deps, 'queue' | 'log'>,
  job: Job,
  delayMs: number,
): Promise<void> => {
  if (delayMs > maxMessageDelayMs) return;
  try {
    await deps.queue.send({ v: 1, jobId: job.id, epoch: job.epoch }, job.tenant, delayMs);
  } catch (error) {
    deps.log.warn('message.unsent', { jobId: job.id, error });
  }
};
