import { Fault } from '../errors.ts';
import { transcriptText } from '../job/checkpoint.ts';
import { isEnded, type Job } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import type { Deps } from '../ports.ts';
import { awaitEnd } from './await-end.ts';
import { markRead } from './mark-read.ts';

export type ReadDeps = Pick<Deps, 'jobs' | 'content' | 'queue' | 'clock' | 'log'>;

/** What can be read of a job: its final object once it finished, and what was put out before that. */
export type JobView =
  | { readonly kind: 'finished'; readonly job: Job; readonly final: unknown }
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
    return { kind: 'finished', job, final: await deps.content.getFinal(job.id, job.final) };
  }
  return job.api === 'generate'
    ? partialText(deps, job)
    : { kind: 'unfinished', job, partialText: '' };
};

/** The job after it ended or `waitMs` passed; undefined when there is none. */
export const readJob = async (
  deps: ReadDeps,
  id: string,
  waitMs: number,
  signal: AbortSignal,
): Promise<Job | undefined> => {
  const job = await deps.jobs.load(id, 'strong');
  return job === undefined ? undefined : readOn(deps, job, waitMs, signal);
};

/** As `readJob`, of a job as it was just read. */
export const readOn = async (
  deps: ReadDeps,
  job: Job,
  waitMs: number,
  signal: AbortSignal,
): Promise<Job | undefined> => {
  if (isEnded(job)) return job;
  const untilMs = after(deps.clock.nowMs(), waitMs);
  await markRead(deps, job, waitMs === 0 ? { kind: 'glance' } : { kind: 'wait', untilMs });
  return waitMs === 0 ? job : awaitEnd(deps, job.id, untilMs, signal);
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
  const job = await readJob(deps, id, waitMs, signal);
  if (job === undefined) {
    throw new Fault('not_found', `There is no result with the id ${id}.`);
  }
  if (isExpired(job, deps.clock.nowMs()) || isDeleted(job)) {
    throw goneResult();
  }
  return viewJob(deps, job);
};

export const isDeleted = (job: Job): boolean => isEnded(job) && job.deletedAtMs !== undefined;

/** Whether its result may be read no more, although the table may hold it for days. */
export const isExpired = ({ resultExpiresAtMs }: Job, nowMs: EpochMs): boolean =>
  resultExpiresAtMs <= nowMs;

/** For a result URL whose result is there no more. */
export const goneResult = (): Fault =>
  new Fault('result_expired', 'This result was deleted or has expired.');

/** For an id that is none of the tenant's. */
export const nothingAt = (id: string): Fault =>
  new Fault('not_found', `There is nothing with the id ${JSON.stringify(id)}.`);

/** A tenant's own job. Throws Fault `not_found` for any other, and for one that was deleted. */
export const ownJob = (job: Job | undefined, id: string, tenant: string): Job => {
  if (job === undefined || job.tenant !== tenant || isDeleted(job)) {
    throw nothingAt(id);
  }
  return job;
};
