import { assertNever, type Fault } from '../errors.ts';
import { attemptsSpentError, deadlineError, jobError, tooLongError } from '../job/failure.ts';
import type { JobError } from '../job/job.ts';
import { lastFailure } from '../job/ledger.ts';
import { decideRetry } from '../job/retry.ts';
import { type Ending, promote, requeue, settle } from '../job/transition.ts';
import type { FinalGeneration } from '../wire/final-generation.ts';
import type { Attempt, Finish, RunDeps, RunOutcome } from './attempt.ts';
import { persist } from './fenced-write.ts';
import type { StopReason } from './stop.ts';

const superseded: RunOutcome = { kind: 'superseded' };

const end = async (deps: RunDeps, { lease }: Attempt, ending: Ending): Promise<RunOutcome> => {
  if (!(await lease.write((job, nowMs) => settle(job, ending, nowMs)))) return superseded;
  const { job } = lease;
  deps.log.info(`job.${ending.status}`, {
    jobId: job.id,
    attempt: job.attempt,
    code: ending.error?.code,
    usage: ending.usage,
  });
  return { kind: 'ended', job };
};

/**
 * A failed job keeps what was put out before, so that the client can read what was paid for. Output
 * that cannot be stored does not keep the job from its end.
 */
const fail = async (deps: RunDeps, attempt: Attempt, error: JobError): Promise<RunOutcome> => {
  try {
    if (!(await attempt.transcript.checkpoint())) return superseded;
  } catch (fault) {
    deps.log.warn('output.lost', { jobId: attempt.lease.job.id, error: fault });
  }
  return end(deps, attempt, { status: 'failed', error });
};

/** The generation finished: its whole text is stored, then the job is terminal. */
export const concludeFinish = async (
  deps: RunDeps,
  attempt: Attempt,
  { model, event }: Finish,
): Promise<RunOutcome> => {
  const { job } = attempt.lease;
  const { text } = attempt.transcript;
  const final: FinalGeneration = { text, model, finishReason: event.reason };
  const chunks = await persist(deps, () =>
    deps.content.putFinal(job.id, job.attempt, final, job.resultExpiresAtMs),
  );
  const whole = event.reason === 'stop' || event.reason === 'tool_calls';
  return end(deps, attempt, {
    status: whole ? 'completed' : 'incomplete',
    answeredBy: model,
    usage: event.usage,
    final: { attempt: job.attempt, chunks },
  });
};

const handToQueue = async (deps: RunDeps, { lease }: Attempt): Promise<RunOutcome> => {
  if (!(await lease.write(promote))) return superseded;
  deps.log.info('job.promoted', { jobId: lease.job.id, attempt: lease.job.attempt });
  return { kind: 'promoted', job: lease.job };
};

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
      return fail(deps, attempt, deadlineError(lastFailure(attempt.lease.job)));
    case 'wait_over':
      return handToQueue(deps, attempt);
    case 'function_ending':
      return attempt.via === 'inline'
        ? handToQueue(deps, attempt)
        : fail(deps, attempt, tooLongError());
    default:
      return assertNever(reason);
  }
};

/** The attempt failed of itself: the queue's turn, or nobody's. */
export const concludeFailure = async (
  deps: RunDeps,
  attempt: Attempt,
  fault: Fault,
): Promise<RunOutcome> => {
  const { lease } = attempt;
  const { id, strikes, deadlineAtMs } = lease.job;
  const nowMs = deps.clock.nowMs();
  const random = deps.ids.random();
  const next = decideRetry(fault, { strikes, deadlineAtMs, nowMs, quickSpent: true, random });
  deps.log.warn('attempt.failed', { jobId: id, attempt: lease.job.attempt, error: fault, next });
  const error = jobError(fault);
  if (next.kind === 'fail') {
    const told = {
      final: error,
      attempts_spent: attemptsSpentError(error, lease.job.attempt),
      deadline: deadlineError(error.message),
    };
    return fail(deps, attempt, told[next.why]);
  }
  const { afterMs } = next;
  const resent = attempt.via === 'inline';
  return (await lease.write((job, atMs) => requeue(job, { afterMs, error, resent }, atMs)))
    ? { kind: 'requeued', job: lease.job, afterMs }
    : superseded;
};
