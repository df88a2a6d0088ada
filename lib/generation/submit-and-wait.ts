import { isEnded, type Job } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import { acceptOrAttach } from './accept-or-attach.ts';
import { mustHaveAnswer } from './answer-gone.ts';
import { awaitEnd } from './await-end.ts';
import { markFollowed } from './follow.ts';
import { runInline } from './run-inline.ts';
import type { Submission, SubmitDeps } from './submit.ts';

/** What an inline attempt may take to hand over once the wait has ended. */
const handOverMs = 3_000;

/**
 * The inline attempt's job, or else how far the client can be kept waiting for it: a store that
 * hangs does not hold the reply, and what the attempt leaves undone the sweep makes up for.
 */
const runWithinWait = async (
  deps: SubmitDeps,
  attempt: Promise<Job | undefined>,
  waitUntilMs: EpochMs,
): Promise<{ readonly ended: Job | undefined } | 'hanging'> => {
  const done = new AbortController();
  const leftMs = waitUntilMs + handOverMs - deps.clock.nowMs();
  const patience = deps.clock.sleep(leftMs, done.signal).then(
    () => 'hanging' as const,
    () => 'hanging' as const,
  );
  try {
    return await Promise.race([attempt.then((ended) => ({ ended })), patience]);
  } finally {
    done.abort();
  }
};

/** An accepted job stays accepted: when the store cannot be read, the answer is its result URL. */
const followUp = async (
  deps: SubmitDeps,
  job: Job,
  untilMs: EpochMs,
  signal: AbortSignal,
): Promise<Job> => {
  try {
    return (await awaitEnd(deps, job.id, untilMs, signal)) ?? job;
  } catch (error) {
    deps.log.warn('wait.broken', { jobId: job.id, error });
    return job;
  }
};

/** The job of an earlier request with the same key, for whose end this one waits as well. */
const awaitAttached = async (
  deps: SubmitDeps,
  job: Job,
  untilMs: EpochMs,
  signal: AbortSignal,
): Promise<Job> => {
  if (isEnded(job) || untilMs <= deps.clock.nowMs()) return job;
  await markFollowed(deps, job);
  return mustHaveAnswer(deps, await followUp(deps, job, untilMs, signal));
};

/**
 * Accepts one request, or finds the job of its key, and holds the reply for at most its wait. Returns
 * the job, ended or not. Throws Fault `store_unavailable` or `queue_unavailable` when it was not
 * accepted, and as `acceptOrAttach` does.
 */
export const submitAndWait = async (
  deps: SubmitDeps,
  submission: Submission,
  functionSignal: AbortSignal,
): Promise<Job> => {
  const { waitMs } = submission;
  const waitUntilMs = after(deps.clock.nowMs(), waitMs);
  const accepted = await acceptOrAttach(deps, submission);
  if (accepted.kind === 'attached') {
    return awaitAttached(deps, accepted.job, waitUntilMs, functionSignal);
  }
  const { job } = accepted;
  if (job.status === 'in_progress') {
    const attempt = runInline(deps, accepted, { functionSignal, waitUntilMs });
    const outcome = await runWithinWait(deps, attempt, waitUntilMs);
    if (outcome === 'hanging') {
      deps.log.warn('reply.unheld', { jobId: job.id });
      return job;
    }
    if (outcome.ended !== undefined) return outcome.ended;
  }
  return waitMs === 0 ? job : followUp(deps, job, waitUntilMs, functionSignal);
};
