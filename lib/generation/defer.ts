import { defer, fallBack } from '../job/defer.ts';
import type { Job } from '../job/job.ts';
import { after } from '../job/time.ts';
import { deferProbedMs, deferSpreadMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { CallKind } from '../upstream-health/passage.ts';
import { announce } from './announce.ts';
import { type Permit, permit } from './permit.ts';
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

type OpenChoice = { readonly choice: number; readonly permit: Permit };

/** The first of the job's later choices that may be called now; undefined when there is none. */
const openChoice = async (deps: DeferDeps, job: Job): Promise<OpenChoice | undefined> => {
  const choices = deps.upstreams.route(job.model);
  for (let at = (job.choice ?? 0) + 1; at < choices.length; at += 1) {
    const target = choiceOf(deps, { ...job, choice: at });
    const passage = await deps.health.mayCall(target.upstream, target.model, 'first');
    if (passage.kind === 'go') return { choice: at, permit: permit(deps, target, passage.taken) };
  }
  return undefined;
};

/** A job whose upstream may be asked now. */
export type Callable = { readonly job: Job; readonly permit: Permit };

/** Undefined when somebody has changed the job meanwhile. */
const goOver = async (
  deps: DeferDeps,
  job: Job,
  { choice, permit: given }: OpenChoice,
): Promise<Callable | undefined> => {
  try {
    const outcome = await deps.jobs.write(fallBack(job, choice, deps.clock.nowMs()));
    if (outcome.kind === 'written') {
      deps.log.info('job.fell_back', { jobId: job.id, choice });
      return { job: outcome.job, permit: given };
    }
  } catch (thrown) {
    await given.giveBack();
    throw thrown;
  }
  await given.giveBack();
  return undefined;
};

/**
 * A queued job whose upstream may be asked now; one whose circuit is open goes over to a fallback that
 * may be. Undefined when there is none: then the job waits on the due index, or has failed of its
 * deadline, and its message has done its work: a write that got lost leaves the job with the due time
 * it had.
 */
export const callable = async (deps: DeferDeps, job: Job): Promise<Callable | undefined> => {
  const target = choiceOf(deps, job);
  const passage = await deps.health.mayCall(target.upstream, target.model, kindOf(job));
  if (passage.kind === 'go') return { job, permit: permit(deps, target, passage.taken) };
  const { why, untilMs, isProbed } = passage;
  if (why === 'circuit' && job.upstreamId === undefined) {
    const open = await openChoice(deps, job);
    if (open !== undefined) return goOver(deps, job, open);
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
