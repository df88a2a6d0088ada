import { Fault } from '../errors.ts';
import { tellAgain } from '../job/callback.ts';
import { isEnded, type Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';

type RedeliverDeps = Pick<Deps, 'jobs' | 'endpoints' | 'deliveryQueue' | 'clock' | 'log'>;

const tries = 4;

const mustBeTellable = async (deps: RedeliverDeps, job: Job): Promise<void> => {
  if (!isEnded(job)) {
    throw new Fault(
      'invalid_value',
      `Only the end of a job can be delivered again; this one is ${job.status}.`,
    );
  }
  if (job.resultExpiresAtMs <= deps.clock.nowMs()) {
    throw new Fault('result_expired', 'The result of this job has expired.');
  }
  if (job.callback !== undefined) return;
  const endpoints = await deps.endpoints.list(job.tenant);
  if (endpoints.some(({ disabled }) => disabled === undefined)) return;
  throw new Fault(
    'invalid_value',
    'There is nobody to deliver it to: the job has no callback, and no callback endpoint is enabled.',
  );
};

/**
 * Has a job's end told again, to its own callback and to all endpoints that are there now, under
 * another webhook-id; what is still pending of an earlier delivery ends with it. Undefined when the job
 * is there no more. Throws Faults `invalid_value` for a job that has not ended or has nobody to tell,
 * `result_expired` and `store_unavailable`.
 */
export const redeliver = async (deps: RedeliverDeps, seen: Job): Promise<Job | undefined> => {
  await mustBeTellable(deps, seen);
  let job: Job | undefined = seen;
  for (let tried = 0; tried < tries; tried += 1) {
    if (job === undefined || !isEnded(job) || job.deletedAtMs !== undefined) return undefined;
    // It has not been told yet: whoever tells it does so to those who are there then.
    if (job.owed) return job;
    const outcome = await deps.jobs.write(tellAgain(job, deps.clock.nowMs()));
    if (outcome.kind === 'written') {
      const { id: jobId, tenant } = job;
      const deliveryNo = (job.deliveryNo ?? 0) + 1;
      deps.log.info('callbacks.repeated', { jobId, deliveryNo });
      try {
        await deps.deliveryQueue.send({ v: 1, jobId, deliveryNo }, tenant, 0);
      } catch (error) {
        deps.log.warn('delivery.unsent', { jobId, error });
      }
      return outcome.job;
    }
    job = await deps.jobs.load(seen.id, 'strong');
  }
  throw new Fault('store_unavailable', 'The job changes too fast. Please try again.', {
    retryAfterMs: 1_000,
  });
};
