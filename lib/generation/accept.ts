import { Fault } from '../errors.ts';
import { withdrawal } from '../job/create.ts';
import type { LiveJob } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import type { Deps } from '../ports.ts';
import { persist } from './fenced-write.ts';

type AcceptDeps = Pick<Deps, 'jobs' | 'content' | 'clock' | 'log'>;

export const unavailable = (cause: unknown): Fault =>
  new Fault('store_unavailable', 'The request could not be recorded, so it was not accepted.', {
    retryAfterMs: 2_000,
    cause,
  });

/** Short, since the SDK has repeated already and a client waits. */
export const pausesMs = [100, 400];
/**
 * A store that does not even refuse takes 6 s of a call: after that nothing is tried again but the
 * undoing of what was done, so that the client hears within 15 s.
 */
export const patienceMs = 5_000;

/** Puts the job, and reads it back when it is not certain that the put landed. */
const put = async (deps: AcceptDeps, job: LiveJob, untilMs: EpochMs): Promise<void> => {
  const outcome = await deps.jobs.create(job);
  if (outcome.kind === 'created') return;
  if (outcome.kind === 'doubtful' && deps.clock.nowMs() >= untilMs) throw outcome.cause;
  const found = await deps.jobs.load(job.id, 'strong');
  if (found?.upload === job.upload) return;
  throw outcome.kind === 'doubtful' ? outcome.cause : new Error('another job has this id');
};

/** Drops a request's chunks; those that stay expire. */
export const dropQuietly = async (
  deps: AcceptDeps,
  job: Pick<LiveJob, 'id' | 'upload' | 'requestChunks'>,
): Promise<void> => {
  try {
    await deps.content.dropRequest(job.id, job.upload, job.requestChunks);
  } catch (error) {
    deps.log.warn('request.left', { jobId: job.id, error });
  }
};

/** Whether the job is not there, or no more. Throws Fault `store_unavailable` when that stays open. */
const withdraw = (deps: AcceptDeps, job: LiveJob): Promise<boolean> =>
  persist(
    deps,
    async () =>
      (await deps.jobs.withdraw(withdrawal(job))) === 'withdrawn' ||
      // The withdrawal may have landed before, unanswered.
      (await deps.jobs.load(job.id, 'strong')) === undefined,
    pausesMs,
    after(deps.clock.nowMs(), patienceMs),
  );

const withdrawQuietly = async (deps: AcceptDeps, job: LiveJob): Promise<boolean> => {
  try {
    return await withdraw(deps, job);
  } catch (error) {
    deps.log.warn('job.kept', { jobId: job.id, error });
    return false;
  }
};

/**
 * Records a new request, its content first, then the job that makes it count. From here on the
 * request is accepted. Throws Fault `store_unavailable` when it is not; then job and content are
 * dropped again as far as possible. What is left of them expires, and a job that is left without its
 * content fails before it costs anything. `onRefused` is called before anything is dropped.
 */
export const accept = async (
  deps: AcceptDeps,
  request: unknown,
  draft: LiveJob,
  onRefused: () => Promise<void> = async () => undefined,
): Promise<LiveJob> => {
  const { id, upload, resultExpiresAtMs } = draft;
  let job: LiveJob | undefined;
  try {
    const requestChunks = await deps.content.putRequest(id, upload, request, resultExpiresAtMs);
    job = { ...draft, requestChunks };
    const recorded = job;
    const untilMs = after(deps.clock.nowMs(), patienceMs);
    await persist(deps, () => put(deps, recorded, untilMs), pausesMs, untilMs);
    return job;
  } catch (cause) {
    await Promise.all([
      onRefused(),
      ...(job === undefined ? [] : [withdrawQuietly(deps, job), dropQuietly(deps, job)]),
    ]);
    throw unavailable(cause);
  }
};

/**
 * Takes back a queued job whose message could not be sent, if no worker has found it all the same.
 * True when it is gone; when that cannot be told it counts as accepted, and the sweep sends for it.
 */
export const takeBack = async (deps: AcceptDeps, job: LiveJob): Promise<boolean> => {
  if (!(await withdrawQuietly(deps, job))) return false;
  await dropQuietly(deps, job);
  return true;
};
