import { isEnded, type Job } from '../job/job.ts';
import { after, type EpochMs, earlier } from '../job/time.ts';
import { unclaimedMs } from '../limits.ts';
import { acceptOrAttach } from './accept-or-attach.ts';
import { mustHaveAnswer } from './answer-gone.ts';
import { awaitEnd } from './await-end.ts';
import type { Attached } from './create-on-record.ts';
import { markRead } from './mark-read.ts';
import { runInline } from './run-inline.ts';
import type { Accepted, Submission, SubmitDeps } from './submit.ts';
import { takeOn } from './take-on.ts';

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
    done.abort('answered');
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

/**
 * A queued job after the time in which a worker should have claimed it: to be run here since none has, or
 * as it was last seen, to be waited for.
 */
const awaitClaim = async (
  deps: SubmitDeps,
  { kind, job }: Accepted | Attached,
  submission: Submission,
  waitUntilMs: EpochMs,
  signal: AbortSignal,
): Promise<Accepted | Attached> => {
  const untilMs = earlier(waitUntilMs, after(deps.clock.nowMs(), unclaimedMs));
  const seen = await followUp(deps, job, untilMs, signal);
  // A repetition does not hold the conversation that the first request went on with.
  const asked = kind === 'accepted' ? submission.stored : undefined;
  const waited: Attached = { kind: 'attached', job: seen };
  if (isEnded(seen) || signal.aborted) return waited;
  try {
    return (await takeOn(deps, seen, asked, waitUntilMs)) ?? waited;
  } catch (error) {
    deps.log.warn('job.untaken', { jobId: seen.id, error });
    return waited;
  }
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
  const { kind, job } = accepted;
  const isAttached = kind === 'attached';
  if (isAttached && (isEnded(job) || waitUntilMs <= deps.clock.nowMs())) return job;
  if (isAttached) await markRead(deps, job, { kind: 'wait', untilMs: waitUntilMs });
  const isHeld = waitMs > 0 && (isAttached || !accepted.unheld);
  const here =
    isHeld && job.status === 'queued'
      ? await awaitClaim(deps, accepted, submission, waitUntilMs, functionSignal)
      : accepted;
  const told = (now: Job): Job => (isAttached ? mustHaveAnswer(deps, now) : now);
  if (isEnded(here.job)) return told(here.job);
  if (here.kind === 'accepted' && here.job.status === 'in_progress') {
    const attempt = runInline(deps, here, { functionSignal, waitUntilMs });
    const outcome = await runWithinWait(deps, attempt, waitUntilMs);
    if (outcome === 'hanging') {
      deps.log.warn('reply.unheld', { jobId: job.id });
      return job;
    }
    if (outcome.ended !== undefined) return told(outcome.ended);
  }
  return isHeld ? told(await followUp(deps, job, waitUntilMs, functionSignal)) : job;
};
