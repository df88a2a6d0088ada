import { defer, fallBack } from '../job/defer.ts';
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

/** The first of the job's later choices that may be called now; undefined when there is none. */
const openChoice = async (deps: DeferDeps, job: Job): Promise<number | undefined> => {
  const choices = deps.upstreams.route(job.model);
  for (let at = (job.choice ?? 0) + 1; at < choices.length; at += 1) {
    const { upstream, model } = choiceOf(deps, { ...job, choice: at });
    if ((await deps.health.mayCall(upstream, model, 'first')).kind === 'go') return at;
  }
  return undefined;
};

/** Undefined when somebody has changed the job meanwhile. */
const goOver = async (deps: DeferDeps, job: Job, choice: number): Promise<Job | undefined> => {
  const outcome = await deps.jobs.write(fallBack(job, choice, deps.clock.nowMs()));
  if (outcome.kind !== 'written') return undefined;
  deps.log.info('job.fell_back', { jobId: job.id, choice });
  return outcome.job;
};

/**
 * A queued job whose upstream may be asked now; one whose circuit is open goes over to a fallback that
 * may be. Undefined when there is none: then the job waits on the due index, or has failed of its
 * deadline, and its message has done its work: a write that got lost leaves the job with the due time
 * it had.
 */
export const callable = async (deps: DeferDeps, job: Job): Promise<Job | undefined> => {
  const { upstream, model } = choiceOf(deps, job);
  const passage = await deps.health.mayCall(upstream, model, kindOf(job));
  if (passage.kind === 'go') return job;
  const { why, untilMs, isProbed } = passage;
  if (why === 'circuit' && job.upstreamId === undefined) {
    const choice = await openChoice(deps, job);
    if (choice !== undefined) return goOver(deps, job, choice);
  }
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
  return undefined;
};
