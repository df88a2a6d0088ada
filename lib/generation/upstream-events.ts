import { Fault } from '../errors.ts';
import { adopt, forget } from '../job/transition.ts';
import { adoptPollMs } from '../limits.ts';
import type { JsonObject } from '../wire/production.ts';
import type { Attempt, RunDeps } from './attempt.ts';
import { awaitFirstWord } from './first-word.ts';
import { queueGuard } from './queue-guard.ts';
import { stopGeneration } from './stop-upstream.ts';

const endedStatuses: readonly unknown[] = ['completed', 'incomplete', 'failed', 'cancelled'];

const isLost = (thrown: unknown): boolean =>
  thrown instanceof Fault && thrown.code === 'upstream_lost';

/** Looks in on a generation that cannot be streamed any more, until it has ended. */
async function* polled(
  deps: RunDeps,
  { task, contact }: Attempt,
  upstreamId: string,
  signal: AbortSignal,
): AsyncIterable<JsonObject> {
  for (;;) {
    const response = await task.upstream.retrieve(upstreamId, signal);
    contact.made();
    if (endedStatuses.includes(response['status'])) {
      yield { type: `response.${response['status']}`, response };
      return;
    }
    await deps.clock.sleep(adoptPollMs, signal);
  }
}

/**
 * Goes on with the generation that an earlier attempt started; streamed, or polled where it must be:
 * a stream that fails before it has told anything new may do so for ever.
 */
async function* adopted(
  deps: RunDeps,
  attempt: Attempt,
  upstreamId: string,
  signal: AbortSignal,
): AsyncIterable<JsonObject> {
  const { lease, task } = attempt;
  const { id: jobId, upstreamSeq } = lease.job;
  deps.log.info('generation.adopted', { jobId, upstreamSeq });
  let isAhead = false;
  try {
    for await (const event of task.upstream.resume(upstreamId, upstreamSeq, signal)) {
      isAhead = true;
      yield event;
    }
    return;
  } catch (thrown) {
    if (!(thrown instanceof Fault) || (isAhead && !isLost(thrown))) throw thrown;
  }
  yield* polled(deps, attempt, upstreamId, signal);
}

/**
 * The old generation is of no use any more: it is stopped, as far as it can be, then forgotten. Not by
 * an attempt whose lease ran out meanwhile: its successor may have resumed it.
 */
const giveUpOld = async (deps: RunDeps, attempt: Attempt, upstreamId: string): Promise<void> => {
  const { lease, stopper, meter, contact } = attempt;
  contact.lost();
  if (!(await lease.keep())) stopper.stop('superseded');
  stopper.signal.throwIfAborted();
  await stopGeneration(deps, attempt, upstreamId);
  meter.gaveUp();
  stopper.signal.throwIfAborted();
  if (!(await lease.write(forget))) stopper.stop('superseded');
  stopper.signal.throwIfAborted();
};

/**
 * A new generation. One that the upstream only keeps in its queue is stopped and given up; of one that
 * goes on by itself the first event is waited for, even when the attempt is stopped before.
 */
async function* started(
  deps: RunDeps,
  attempt: Attempt,
): AsyncIterable<{ readonly event: JsonObject; readonly adopted: boolean }> {
  const { lease, stopper, task, meter } = attempt;
  const guard = queueGuard(deps.clock, stopper.signal);
  const word = awaitFirstWord(deps.clock, guard.signal);
  if (!task.resumable) word.heard();
  meter.called();
  try {
    const events =
      task.begun?.take(word.signal) ?? task.upstream.open(task.production.call, word.signal);
    for await (const event of events) {
      word.heard();
      guard.saw(event);
      yield { event, adopted: false };
    }
  } catch (thrown) {
    meter.failed(thrown);
    const { upstreamId } = lease.job;
    if (guard.tripped() && upstreamId !== undefined) await giveUpOld(deps, attempt, upstreamId);
    throw thrown;
  } finally {
    word.end();
    guard.end();
  }
}

/**
 * The upstream's events for this attempt: of the generation that is under way there already, where
 * there is one that can be resumed, else of a new one. Throws Fault `upstream_lost` when the one that
 * was resumed is gone after it put out something: another is another attempt's.
 */
export async function* upstreamEvents(
  deps: RunDeps,
  attempt: Attempt,
): AsyncIterable<{ readonly event: JsonObject; readonly adopted: boolean }> {
  const { lease, stopper, task, transcript } = attempt;
  const { upstreamId } = lease.job;
  if (upstreamId !== undefined) {
    const guard = queueGuard(deps.clock, stopper.signal);
    let lost: unknown;
    try {
      if (task.resumable && !task.isStale) {
        if (!(await lease.write(adopt))) stopper.stop('superseded');
        stopper.signal.throwIfAborted();
        for await (const event of adopted(deps, attempt, upstreamId, guard.signal)) {
          guard.saw(event);
          yield { event, adopted: true };
        }
        return;
      }
    } catch (thrown) {
      if (!isLost(thrown)) throw thrown;
      lost = thrown;
      deps.log.warn('generation.lost', { jobId: lease.job.id, error: thrown });
    } finally {
      guard.end();
    }
    await giveUpOld(deps, attempt, upstreamId);
    if (transcript.begun) throw lost;
  }
  yield* started(deps, attempt);
}
