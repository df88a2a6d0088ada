import { defer } from '../job/defer.ts';
import type { Job } from '../job/job.ts';
import { after } from '../job/time.ts';
import { deferProbedMs, deferSpreadMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { CallKind } from '../upstream-health/passage.ts';
import { announce } from './announce.ts';
import { choiceOf } from './task.ts';

type DeferDeps = Pick<
  Deps,
  'jobs' | 'deliveryQueue' | 'upstreams' | 'health' | 'clock' | 'ids' | 'log'
>;

/** Attempts that were lost or handed over are no retries: nothing of them failed at the upstream. */
const kindOf = (job: Job): CallKind => {
  if (job.upstreamId !== undefined) return 'resumed';
  return job.ledger.at(-1)?.outcome === 'requeued' ? 'retry' : 'first';
};

/**
 * Whether the upstream of a queued job may not be asked now. Then the job waits on the due index, or
 * has failed of its deadline, and its message has done its work: a write that got lost leaves the job
 * with the due time it had.
 */
export const isDeferred = async (deps: DeferDeps, job: Job): Promise<boolean> => {
  const { upstream, model } = choiceOf(deps, job);
  const passage = await deps.health.mayCall(upstream, model, kindOf(job));
  if (passage.kind === 'go') return false;
  const { why, untilMs, isProbed } = passage;
  const waiting = {
    for: why,
    untilMs: isProbed ? after(untilMs, deferProbedMs) : untilMs,
    spreadMs: deferSpreadMs,
    random: deps.ids.random(),
  };
  const outcome = await deps.jobs.write(defer(job, waiting, deps.clock.nowMs()));
  if (outcome.kind === 'written') {
    const { status, notBeforeMs } = outcome.job;
    const event = status === 'queued' ? 'job.deferred' : 'job.failed';
    deps.log.info(event, { jobId: job.id, why, notBeforeMs });
    await announce(deps, outcome.job);
  }
  return true;
};
