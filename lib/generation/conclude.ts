import { assertNever, Fault } from '../errors.ts';
import { crashesOf } from '../job/crash.ts';
import { attemptsSpentError, deadlineError, jobError, tooLongError } from '../job/failure.ts';
import type { JobError } from '../job/job.ts';
import { lastFailure } from '../job/ledger.ts';
import { decideRetry, type RetryDecision } from '../job/retry.ts';
import { type Ending, handOver, promote, requeue, settle } from '../job/transition.ts';
import type { Finish } from '../wire/production.ts';
import { announce } from './announce.ts';
import type { Attempt, RunDeps, RunOutcome } from './attempt.ts';
import { persist } from './fenced-write.ts';
import { parkJob } from './park.ts';
import type { StopReason } from './stop.ts';
import { stopGeneration, stopUpstream } from './stop-upstream.ts';

const superseded: RunOutcome = { kind: 'superseded' };

/** Whether a generation goes on at the upstream although this attempt has let go of it. */
const goesOn = ({ lease }: Attempt): boolean => lease.job.upstreamId !== undefined;

const end = async (
  deps: RunDeps,
  attempt: Attempt,
  ending: Ending,
  upstreamRuns: boolean,
): Promise<RunOutcome> => {
  const { lease, task, meter } = attempt;
  const spent = meter.spent();
  if (!(await lease.write((job, nowMs) => settle(job, ending, upstreamRuns, nowMs, spent)))) {
    return superseded;
  }
  const { job } = lease;
  deps.log.info(`job.${ending.status}`, {
    jobId: job.id,
    attempt: job.attempt,
    code: ending.error?.code,
    usage: ending.usage,
  });
  await announce(deps, job);
  if (upstreamRuns) await stopUpstream(deps, job, task.upstream);
  return { kind: 'ended', job };
};

/**
 * A failed job keeps what was put out before, so that the client can read what was paid for. Output
 * that cannot be stored does not keep the job from its end.
 */
const fail = async (
  deps: RunDeps,
  attempt: Attempt,
  error: JobError,
  upstreamRuns: boolean,
): Promise<RunOutcome> => {
  try {
    if (!(await attempt.transcript.checkpoint())) return superseded;
  } catch (fault) {
    deps.log.warn('output.lost', { jobId: attempt.lease.job.id, error: fault });
  }
  return end(deps, attempt, { status: 'failed', error }, upstreamRuns);
};

/** The upstream's codes for a failure that another generation may not meet. */
const passingCodes: readonly string[] = ['server_error', 'rate_limit_exceeded'];

/** A generation that the upstream itself ended without a result, as a fault. */
export const finishFault = ({ status, error }: Finish): Fault => {
  const later = { kind: 'later', afterMs: 0 } as const;
  if (status === 'cancelled') {
    return new Fault('upstream_cut', 'The model server cancelled the generation.', {
      retry: later,
    });
  }
  const { code, message } = error ?? {
    code: 'server_error',
    message: 'The model server failed without saying why.',
  };
  return passingCodes.includes(code)
    ? new Fault('upstream_error', message, { retry: later })
    : new Fault('upstream_rejected', message, {
        reported: { status: 502, type: 'upstream_error', param: null, code },
      });
};

/** The generation finished: its output and its final object are stored, then the job is terminal. */
export const concludeFinish = async (
  deps: RunDeps,
  attempt: Attempt,
  finish: Finish,
): Promise<RunOutcome> => {
  const { status } = finish;
  if (status === 'failed' || status === 'cancelled') {
    return concludeFailure(deps, attempt, finishFault(finish), { dead: true });
  }
  const { job } = attempt.lease;
  // Events can be replayed later, as can a stream that has a key, and the client of a live stream
  // reads a worker's output from the table; of all others the final object holds all there is.
  const isRead =
    job.api === 'responses' ||
    job.idempotency?.streamed === true ||
    (job.live === true && attempt.via === 'worker');
  const [output, chunks] = await Promise.all([
    isRead ? attempt.transcript.store() : {},
    persist(deps, () =>
      deps.content.putFinal(job.id, job.attempt, finish.final, job.resultExpiresAtMs),
    ),
  ]);
  if (output === undefined) return superseded;
  const final = { attempt: job.attempt, chunks };
  const { usage, model: answeredBy } = finish;
  return end(deps, attempt, { status, answeredBy, usage, final, ...output }, false);
};

const release = async (
  deps: RunDeps,
  { lease, meter }: Attempt,
  write: typeof promote,
): Promise<RunOutcome> => {
  const spent = meter.spent();
  if (!(await lease.write((job, nowMs) => write(job, nowMs, spent)))) return superseded;
  deps.log.info('job.promoted', { jobId: lease.job.id, attempt: lease.job.attempt });
  return { kind: 'promoted', job: lease.job };
};

/** What was received of a generation that goes on counts for the attempt that resumes it. */
const keepOutput = async (deps: RunDeps, attempt: Attempt): Promise<void> => {
  if (!goesOn(attempt)) return;
  try {
    await attempt.transcript.checkpoint();
  } catch (error) {
    deps.log.warn('output.lost', { jobId: attempt.lease.job.id, error });
  }
};

/**
 * The next attempt asks another upstream, so that nobody resumes what still runs at this one. False
 * when the job is somebody else's already, who may have resumed it.
 */
const leaveUpstream = async (
  deps: RunDeps,
  attempt: Attempt,
  upstreamRuns: boolean,
): Promise<boolean> => {
  const { lease } = attempt;
  const { upstreamId } = lease.job;
  if (!upstreamRuns || upstreamId === undefined) return true;
  if (!(await lease.keep())) return false;
  await stopGeneration(deps, attempt, upstreamId);
  return true;
};

/** A job that has crashed before waits for its neighbours, and gets what is left of the function's time. */
const beganLate = ({ lease, via }: Attempt): boolean =>
  via === 'worker' && !lease.job.live && crashesOf(lease.job) > 0;

const cutShort = (): Fault =>
  new Fault(
    'upstream_cut',
    'The generation was cut short by the end of a worker that began it late.',
    {
      retry: { kind: 'later', afterMs: 0 },
    },
  );

/** The attempt was stopped from outside. */
export const concludeStop = async (
  deps: RunDeps,
  attempt: Attempt,
  reason: StopReason,
): Promise<RunOutcome> => {
  switch (reason) {
    case 'superseded':
      return superseded;
    case 'deadline':
      return fail(deps, attempt, deadlineError(lastFailure(attempt.lease.job)), goesOn(attempt));
    case 'wait_over':
      await keepOutput(deps, attempt);
      return release(deps, attempt, promote);
    case 'unfollowed':
      await keepOutput(deps, attempt);
      return parkJob(deps, attempt);
    case 'function_ending':
      await keepOutput(deps, attempt);
      if (attempt.via === 'inline' && !attempt.lease.job.live)
        return release(deps, attempt, promote);
      if (goesOn(attempt)) return release(deps, attempt, handOver);
      return beganLate(attempt)
        ? concludeFailure(deps, attempt, cutShort(), { dead: true })
        : fail(deps, attempt, tooLongError(), false);
    default:
      return assertNever(reason);
  }
};

/** What is decided for this attempt: a live stream that has shown output is never begun again. */
const decide = (deps: RunDeps, { lease, transcript }: Attempt, fault: Fault): RetryDecision => {
  const { strikes, deadlineAtMs, live } = lease.job;
  if (live && transcript.begun) return { kind: 'fail', why: 'final' };
  const nowMs = deps.clock.nowMs();
  const random = deps.ids.random();
  return decideRetry(fault, { strikes, deadlineAtMs, nowMs, quickSpent: true, random });
};

/** The attempt failed of itself: the queue's turn, or nobody's. `dead`: so did the generation. */
export const concludeFailure = async (
  deps: RunDeps,
  attempt: Attempt,
  fault: Fault,
  { dead }: { readonly dead: boolean },
): Promise<RunOutcome> => {
  const { lease, task, meter } = attempt;
  const next = decide(deps, attempt, fault);
  const { id: jobId, attempt: number } = lease.job;
  deps.log.warn('attempt.failed', { jobId, attempt: number, error: fault, next });
  const error = jobError(fault);
  const resumable = goesOn(attempt) && !dead && fault.code !== 'upstream_lost';
  const nextChoice = next.kind === 'fail' && next.why === 'attempts_spent' && task.hasFallback;
  if (next.kind === 'fail' && !nextChoice) {
    const told = {
      final: error,
      attempts_spent: attemptsSpentError(error, number),
      deadline: deadlineError(error.message),
    };
    return fail(deps, attempt, told[next.why], resumable);
  }
  if (resumable && !nextChoice) await keepOutput(deps, attempt);
  if (nextChoice && !(await leaveUpstream(deps, attempt, resumable))) return superseded;
  const failure = {
    afterMs: next.kind === 'fail' ? 0 : next.afterMs,
    error,
    resent: attempt.via === 'inline',
    nextChoice,
    resumable: resumable && !nextChoice,
    spent: meter.spent(),
  };
  return (await lease.write((job, nowMs) => requeue(job, failure, nowMs)))
    ? { kind: 'requeued', job: lease.job, afterMs: failure.afterMs }
    : superseded;
};
