import { isEnded, type Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';

/**
 * Sends for the callbacks of a job that has ended, if it owes any. The job says that it does, so a
 * send that fails is made up for by the sweep.
 */
export const announce = async (
  deps: Pick<Deps, 'deliveryQueue' | 'log'>,
  job: Job,
): Promise<void> => {
  if (!isEnded(job) || !job.owed) return;
  const { id: jobId, tenant, deliveryNo = 1 } = job;
  try {
    await deps.deliveryQueue.send({ v: 1, jobId, deliveryNo }, tenant, 0);
  } catch (error) {
    deps.log.warn('delivery.unsent', { jobId, error });
  }
};
