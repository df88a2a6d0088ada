import { isEnded, type Job } from '../job/job.ts';
import { stopped } from '../job/rest.ts';
import { stopCallMs } from '../limits.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import type { Attempt, RunDeps } from './attempt.ts';
import { persist } from './fenced-write.ts';

/**
 * Tells the upstream to stop the generation of a job that has ended, and notes that it was told. What
 * fails is owed still, and the sweep tries again.
 */
export const stopUpstream = async (
  deps: Pick<Deps, 'jobs' | 'log'>,
  job: Job,
  upstream: UpstreamServer | undefined,
): Promise<void> => {
  if (!isEnded(job) || !job.stopOwed) return;
  try {
    if (job.upstreamId !== undefined && upstream !== undefined) {
      await upstream.cancel(job.upstreamId, AbortSignal.timeout(stopCallMs));
    }
    await deps.jobs.write(stopped(job));
    deps.log.info('generation.stopped', { jobId: job.id });
  } catch (error) {
    deps.log.warn('generation.unstopped', { jobId: job.id, error });
  }
};

/** Stops a generation that nobody will go on with, as far as that can be done. */
export const stopGeneration = async (
  deps: Pick<Deps, 'log'>,
  {
    lease,
    task,
  }: {
    readonly lease: { readonly job: Pick<Job, 'id'> };
    readonly task: Pick<Attempt['task'], 'upstream'>;
  },
  upstreamId: string,
): Promise<void> => {
  const { id: jobId } = lease.job;
  try {
    await task.upstream.cancel(upstreamId, AbortSignal.timeout(stopCallMs));
    deps.log.info('generation.stopped', { jobId });
  } catch (error) {
    deps.log.warn('generation.unstopped', { jobId, error });
  }
};

/**
 * The job is not this attempt's any more. What it left running is stopped, unless somebody goes on
 * with it: a superseded attempt must not kill what its successor adopted.
 */
export const abandon = async (
  deps: RunDeps,
  attempt: Attempt,
  upstreamId: string | undefined,
): Promise<void> => {
  if (upstreamId === undefined) return;
  const { id: jobId } = attempt.lease.job;
  try {
    // Nobody owes this stop: a read that fails once must not leave the generation running.
    const now = await persist(deps, () => deps.jobs.load(jobId, 'strong'));
    const isTaken = now?.upstreamId === upstreamId && (!isEnded(now) || now.stopOwed === true);
    if (!isTaken) await stopGeneration(deps, attempt, upstreamId);
  } catch (error) {
    deps.log.warn('generation.unstopped', { jobId, error });
  }
};
