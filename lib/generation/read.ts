import { Fault } from '../errors.ts';
import { transcriptText } from '../job/checkpoint.ts';
import { follow } from '../job/create.ts';
import { isEnded, type Job } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import { followMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { type FinalGeneration, parseFinalGeneration } from '../wire/final-generation.ts';
import { awaitEnd } from './await-end.ts';

type ReadDeps = Pick<Deps, 'jobs' | 'content' | 'clock' | 'log'>;

/** What can be read of a job: its whole text once it finished, and what was put out before that. */
export type JobView =
  | { readonly kind: 'finished'; readonly job: Job; readonly final: FinalGeneration }
  | { readonly kind: 'unfinished'; readonly job: Job; readonly partialText: string };

const rereads = 3;

/** The text as the item and its chunks agree on it; read again when a restart came between. */
const partialText = async (deps: ReadDeps, first: Job): Promise<JobView> => {
  let job = first;
  for (let tries = 0; tries < rereads; tries += 1) {
    const text = transcriptText(job, await deps.content.readChunks(job));
    if (text !== undefined) return { kind: 'unfinished', job, partialText: text };
    job = (await deps.jobs.load(job.id, 'strong')) ?? job;
    if (isEnded(job) && job.final !== undefined) return viewJob(deps, job);
  }
  deps.log.warn('transcript.incomplete', { jobId: job.id, segments: job.segments, seq: job.seq });
  return { kind: 'unfinished', job, partialText: '' };
};

/** Throws Fault `store_unavailable`, or `item_unreadable` when the stored result is damaged. */
export const viewJob = async (deps: ReadDeps, job: Job): Promise<JobView> => {
  if (isEnded(job) && job.final !== undefined) {
    const final = parseFinalGeneration(await deps.content.getFinal(job.id, job.final));
    return { kind: 'finished', job, final };
  }
  return partialText(deps, job);
};

/** Tells the job's worker that somebody reads along; a mark that fails is only a slower checkpoint. */
const markFollowed = async (deps: ReadDeps, job: Job, nowMs: EpochMs): Promise<void> => {
  if (job.status !== 'in_progress' || (job.followedUntilMs ?? 0) > after(nowMs, followMs / 2))
    return;
  try {
    await deps.jobs.write(follow(job, after(nowMs, followMs)));
  } catch (error) {
    deps.log.warn('follow.unmarked', { jobId: job.id, error });
  }
};

/**
 * The job behind a result URL whose signature was found good, after it ended or `waitMs` passed.
 * Throws Fault `not_found`, or `result_expired` once its result may no longer be read.
 */
export const readResult = async (
  deps: ReadDeps,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<JobView> => {
  const nowMs = deps.clock.nowMs();
  let job = await deps.jobs.load(id, 'strong');
  if (job !== undefined && !isEnded(job)) {
    await markFollowed(deps, job, nowMs);
    if (waitMs > 0) job = await awaitEnd(deps, id, after(nowMs, waitMs), signal);
  }
  if (job === undefined) {
    throw new Fault('not_found', `There is no result with the id ${id}.`);
  }
  if (job.resultExpiresAtMs <= nowMs) {
    throw new Fault('result_expired', 'This result has expired and can no longer be read.');
  }
  return viewJob(deps, job);
};
