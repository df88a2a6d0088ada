import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import { bury } from '../job/rest.ts';
import type { Deps } from '../ports.ts';
import { isDeleted } from './read.ts';
import { stopUpstream } from './stop-upstream.ts';
import { upstreamOf } from './task.ts';

const tries = 5;

/**
 * Erases a job's content and leaves a tombstone; a job that still runs is cancelled by it. Undefined
 * when the job is buried already. Throws Fault `store_unavailable`.
 */
export const erase = async (
  deps: Pick<Deps, 'jobs' | 'content' | 'upstreams' | 'clock' | 'log'>,
  seen: Job,
): Promise<Job | undefined> => {
  const finish = async (buried: Job): Promise<Job> => {
    deps.log.info('job.erased', { jobId: buried.id });
    await deps.content.purge(buried.id);
    await stopUpstream(deps, buried, upstreamOf(deps, buried));
    return buried;
  };
  let job: Job | undefined = seen;
  let mayHaveLanded = false;
  for (let tried = 0; tried < tries; tried += 1) {
    if (job === undefined) return undefined;
    if (isDeleted(job)) return mayHaveLanded ? finish(job) : undefined;
    const outcome = await deps.jobs.write(bury(job, deps.clock.nowMs()));
    if (outcome.kind === 'written') return finish(outcome.job);
    // The SDK repeats a write that was not answered: one that landed can come back as refused.
    mayHaveLanded = true;
    job = await deps.jobs.load(job.id, 'strong');
  }
  throw new Fault('store_unavailable', 'The job changes too fast to be erased. Please try again.', {
    retryAfterMs: 1_000,
  });
};
