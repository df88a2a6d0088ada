import { Fault } from '../errors.ts';
import { isEnded, type Job } from '../job/job.ts';
import { cancel } from '../job/outside.ts';
import { after } from '../job/time.ts';
import { leaveMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { announce } from './announce.ts';
import { stopUpstream } from './stop-upstream.ts';
import { upstreamOf } from './task.ts';

const tries = 5;

const pauseMs = 150;

/** The job once its attempt has left its output there, or as it is when that takes too long. */
const untilLeft = async (deps: Pick<Deps, 'jobs' | 'clock'>, cancelled: Job): Promise<Job> => {
  const untilMs = after(deps.clock.nowMs(), leaveMs);
  let job = cancelled;
  while (job.leaseExpiresAtMs > deps.clock.nowMs() && deps.clock.nowMs() < untilMs) {
    await deps.clock.sleep(pauseMs);
    // The cancel stands, whether or not it can be read back.
    job = (await deps.jobs.load(job.id, 'strong').catch(() => undefined)) ?? job;
  }
  return job;
};

/**
 * Ends a job for its client, whoever holds it; one that has ended stays as it is. The attempt under
 * way notices within two seconds and closes its connection; a generation that would go on without
 * it is stopped here. Throws Fault `store_unavailable`.
 */
export const cancelJob = async (
  deps: Pick<Deps, 'jobs' | 'deliveryQueue' | 'upstreams' | 'clock' | 'log'>,
  seen: Job,
): Promise<Job> => {
  let job = seen;
  for (let tried = 0; tried < tries; tried += 1) {
    if (isEnded(job)) {
      await stopUpstream(deps, job, upstreamOf(deps, job));
      return job;
    }
    const outcome = await deps.jobs.write(cancel(job, deps.clock.nowMs()));
    if (outcome.kind === 'written') {
      deps.log.info('job.cancelled', { jobId: job.id });
      await announce(deps, outcome.job);
      await stopUpstream(deps, outcome.job, upstreamOf(deps, outcome.job));
      return job.status === 'in_progress' ? untilLeft(deps, outcome.job) : outcome.job;
    }
    job = (await deps.jobs.load(job.id, 'strong')) ?? job;
  }
  throw new Fault('store_unavailable', 'The job changes too fast to be cancelled. Try again.', {
    retryAfterMs: 1_000,
  });
};
