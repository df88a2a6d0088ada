import { Fault, toFault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import { decideRetry } from '../job/retry.ts';
import { begin } from '../job/transition.ts';
import { maxOutputChars } from '../limits.ts';
import type { Evidence } from '../upstream-health/evidence.ts';
import type { EventReader, Finish, JsonObject, Reading } from '../wire/production.ts';
import type { Attempt, Budget, RunDeps, RunOutcome, Task } from './attempt.ts';
import { concludeFailure, concludeFinish, concludeStop, finishFault } from './conclude.ts';
import { noContact } from './contact.ts';
import { holdLease } from './lease.ts';
import { leaveOutput } from './leave-output.ts';
import { beginMeter } from './meter.ts';
import { startPulse } from './pulse.ts';
import { stopper, stopReason } from './stop.ts';
import { abandon } from './stop-upstream.ts';
import { timeTaken } from './time-taken.ts';
import { beginTranscript } from './transcript.ts';
import { upstreamEvents } from './upstream-events.ts';
import { evidenceOf, useOf, witness } from './upstream-evidence.ts';

/**
 * The first event of a new generation is recorded if it can be resumed, or replaces another's. That
 * the upstream takes no background mode may have shown only now.
 */
const recordBegin = async (
  deps: RunDeps,
  attempt: Attempt,
  upstreamId: string | undefined,
): Promise<void> => {
  const { lease, stopper, task } = attempt;
  const resumableId = task.resumable && task.upstream.adoptable ? upstreamId : undefined;
  if (resumableId === undefined && lease.job.segments.length === 0) return;
  if (await lease.write((job, nowMs) => begin(job, resumableId, nowMs))) return;
  await abandon(deps, attempt, resumableId);
  stopper.stop('superseded');
};

/** The upstream ended the generation itself, without a result: there is nothing left to resume. */
class GenerationDead extends Error {
  override readonly name = 'GenerationDead';
  readonly fault: Fault;

  constructor(fault: Fault) {
    super(fault.message, { cause: fault });
    this.fault = fault;
  }
}

const readEvent = (reader: EventReader, event: JsonObject): Reading => {
  try {
    return reader.read(event);
  } catch (thrown) {
    throw new GenerationDead(toFault(thrown));
  }
};

/** What a sandbox holds of ten generations has to have a bound, whatever a model server sends. */
const endless = (): Fault =>
  new Fault(
    'output_too_large',
    `The model server had sent more than ${maxOutputChars} characters when it was stopped. What came before is kept; ask for less with max_output_tokens.`,
  );

/**
 * One generation from its first event to its last. It is not begun without the lease, which may have
 * run out if the sandbox was frozen. Throws what the upstream throws.
 */
const generate = async (deps: RunDeps, attempt: Attempt): Promise<Finish> => {
  const { lease, transcript, stopper, task, meter, witness, contact } = attempt;
  if (!(await lease.keep())) stopper.stop('superseded');
  stopper.signal.throwIfAborted();
  const reader = task.production.begin();
  let first = true;
  for await (const { event, adopted } of upstreamEvents(deps, attempt)) {
    meter.saw(event);
    if (meter.chars > maxOutputChars) throw endless();
    const { entries, upstreamId, upstreamSeq, finish } = readEvent(reader, event);
    if (first && !adopted) await recordBegin(deps, attempt, upstreamId);
    if (first) await witness.answered();
    contact.made();
    first = false;
    transcript.append(entries, upstreamSeq);
    if (finish !== undefined) return finish;
    stopper.signal.throwIfAborted();
  }
  const finish = reader.end();
  if (finish !== undefined) return finish;
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
const generateOrRepeat = async (deps: RunDeps, attempt: Attempt): Promise<Finish> => {
  try {
    return await generate(deps, attempt);
  } catch (thrown) {
    if (!(thrown instanceof Fault) || attempt.stopper.signal.aborted) throw thrown;
    const { id, strikes, deadlineAtMs } = attempt.lease.job;
    const decision = decideRetry(thrown, {
      strikes,
      deadlineAtMs,
      nowMs: deps.clock.nowMs(),
      quickSpent: attempt.transcript.begun,
      random: deps.ids.random(),
    });
    if (decision.kind !== 'again' || !(await attempt.witness.mayRepeat())) throw thrown;
    deps.log.info('call.repeated', { jobId: id, code: thrown.code });
    await pause(deps, attempt, decision.afterMs, thrown);
    return generate(deps, attempt);
  }
};

/** A generation that was cancelled was so by somebody's wish, which tells nothing of the upstream. */
const evidenceOfFinish = (finish: Finish): Evidence => {
  if (finish.status === 'cancelled') return 'unproven';
  return finish.status === 'failed' ? evidenceOf(finishFault(finish)) : 'finished';
};

/** From the attempt's start to its written outcome. */
const carryOut = async (deps: RunDeps, attempt: Attempt): Promise<RunOutcome> => {
  const pulse = startPulse(deps, attempt);
  try {
    const finish = await generateOrRepeat(deps, attempt);
    attempt.meter.finished(finish.usage);
    attempt.witness.ended(evidenceOfFinish(finish));
    attempt.timeTaken.finished(finish);
    await pulse.end();
    return await concludeFinish(deps, attempt, finish);
  } catch (thrown) {
    attempt.witness.ended(evidenceOf(thrown instanceof GenerationDead ? thrown.fault : thrown));
    await pulse.end();
    // Before anybody else may start one: a call that was not got to.
    await attempt.task.begun?.drop();
    if (thrown instanceof GenerationDead) {
      return await concludeFailure(deps, attempt, thrown.fault, { dead: true });
    }
    const reason = thrown instanceof Fault ? undefined : stopReason(attempt.stopper.signal);
    attempt.timeTaken.stopped(reason);
    return reason === undefined
      ? await concludeFailure(deps, attempt, toFault(thrown), { dead: false })
      : await concludeStop(deps, attempt, reason);
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
  task: Task,
  budget: Budget,
): Promise<RunOutcome> => {
  const lease = holdLease(deps, job);
  const { functionSignal, waitUntilMs, via, listener } = budget;
  const attempt: Attempt = {
    via,
    task,
    lease,
    transcript: beginTranscript(deps, lease, listener),
    meter: beginMeter(job),
    contact: noContact(deps.clock),
    witness: witness(deps, useOf(job, task.upstream.name)),
    timeTaken: timeTaken(deps, task, lease),
    stopper: stopper(deps.clock, { functionSignal, waitUntilMs, deadlineAtMs: job.deadlineAtMs }),
  };
  // Of the attempt that an accepted job begins with, `job.accepted` has just told.
  if (via === 'worker' || job.admission.decision === 'queued') {
    deps.log.info('attempt.started', { jobId: job.id, attempt: job.attempt, model: job.model });
  }
  // An attempt that is stopped before it gets to its call has paid for it all the same.
  if (task.begun !== undefined) attempt.meter.called();
  try {
    const outcome = await carryOut(deps, attempt);
    if (outcome.kind === 'superseded') {
      attempt.witness.superseded();
      await leaveOutput(deps, attempt);
      await abandon(deps, attempt, lease.job.upstreamId);
    }
    return outcome;
  } finally {
    attempt.stopper.end();
    await attempt.witness.report();
    // A client waits for the inline attempt: it is told while its end is written, and not after it.
    if (via === 'worker') await attempt.timeTaken.told();
  }
};
