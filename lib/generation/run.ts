import { Fault, toFault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import { decideRetry } from '../job/retry.ts';
import { restart } from '../job/transition.ts';
import type { UpstreamRequest } from '../ports.ts';
import type { Attempt, Budget, Finish, RunDeps, RunOutcome } from './attempt.ts';
import { concludeFailure, concludeFinish, concludeStop } from './conclude.ts';
import { holdLease } from './lease.ts';
import { startPulse } from './pulse.ts';
import { stopper, stopReason } from './stop.ts';
import { beginTranscript } from './transcript.ts';

/**
 * One generation from its first event to its last. It is not begun without the lease, which may have
 * run out if the sandbox was frozen. Throws what the upstream throws.
 */
const generate = async (
  deps: RunDeps,
  { lease, transcript, stopper }: Attempt,
  request: UpstreamRequest,
): Promise<Finish> => {
  if (!(await lease.keep())) stopper.stop('superseded');
  stopper.signal.throwIfAborted();
  let model = request.model;
  for await (const event of deps.upstream.generate(request, stopper.signal)) {
    if (event.kind === 'finished') return { model, event };
    if (event.kind === 'text') transcript.append(event.text);
    else {
      model = event.model;
      if (lease.job.segments.length > 0 && !(await lease.write(restart))) {
        stopper.stop('superseded');
      }
    }
    stopper.signal.throwIfAborted();
  }
  throw new Fault('upstream_cut', 'The model server ended the stream before it was finished.', {
    retry: { kind: 'later', afterMs: 0 },
  });
};

/** A pause in which the function's end comes leaves the attempt with the failure it had. */
const pause = async (
  deps: RunDeps,
  { stopper }: Attempt,
  ms: number,
  failure: Fault,
): Promise<void> => {
  try {
    await deps.clock.sleep(ms, stopper.signal);
  } catch (stopped) {
    throw stopReason(stopper.signal) === 'function_ending' ? failure : stopped;
  }
};

/** As `generate`, with the one quick repetition that an attempt owns (design §5). */
const generateOrRepeat = async (
  deps: RunDeps,
  attempt: Attempt,
  request: UpstreamRequest,
): Promise<Finish> => {
  try {
    return await generate(deps, attempt, request);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || attempt.stopper.signal.aborted) throw thrown;
    const decision = decideRetry(thrown, {
      strikes: attempt.lease.job.strikes,
      deadlineAtMs: attempt.lease.job.deadlineAtMs,
      nowMs: deps.clock.nowMs(),
      quickSpent: attempt.transcript.text !== '',
      random: deps.ids.random(),
    });
    if (decision.kind !== 'again') throw thrown;
    deps.log.info('call.repeated', { jobId: attempt.lease.job.id, code: thrown.code });
    await pause(deps, attempt, decision.afterMs, thrown);
    return generate(deps, attempt, request);
  }
};

/**
 * Runs one attempt of a job that the caller holds: the same for the inline path and the worker. It
 * ends in a written outcome, or throws Fault `store_unavailable` when none could be written; then
 * the lease runs out and the sweep takes over.
 */
export const run = async (
  deps: RunDeps,
  job: LiveJob,
  request: UpstreamRequest,
  budget: Budget,
): Promise<RunOutcome> => {
  const lease = holdLease(deps, job);
  const { functionSignal, waitUntilMs } = budget;
  const attempt: Attempt = {
    via: waitUntilMs === undefined ? 'worker' : 'inline',
    lease,
    transcript: beginTranscript(deps, lease),
    stopper: stopper(deps.clock, { functionSignal, waitUntilMs, deadlineAtMs: job.deadlineAtMs }),
  };
  deps.log.info('attempt.started', { jobId: job.id, attempt: job.attempt, model: job.model });
  const pulse = startPulse(deps, attempt);
  try {
    const finish = await generateOrRepeat(deps, attempt, request);
    await pulse.end();
    return await concludeFinish(deps, attempt, finish);
  } catch (thrown) {
    await pulse.end();
    const reason = thrown instanceof Fault ? undefined : stopReason(attempt.stopper.signal);
    return reason === undefined
      ? await concludeFailure(deps, attempt, toFault(thrown))
      : await concludeStop(deps, attempt, reason);
  } finally {
    attempt.stopper.end();
  }
};
