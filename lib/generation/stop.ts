import type { EpochMs } from '../job/time.ts';
import type { Clock } from '../ports/system.ts';

/**
 * Why an attempt is stopped from outside:
 * `wait_over`, its client has waited long enough; `function_ending`, Lambda's time is nearly up;
 * `deadline`, the job's own; `superseded`, the job is no longer this attempt's; `unfollowed`, nobody
 * waits for what goes on without it.
 */
export type StopReason = 'wait_over' | 'function_ending' | 'deadline' | 'superseded' | 'unfollowed';

export class Stop extends Error {
  override readonly name = 'Stop';
  readonly reason: StopReason;

  constructor(reason: StopReason) {
    super(`The attempt was stopped: ${reason}.`);
    this.reason = reason;
  }
}

export type Stopper = {
  /** Aborts with a `Stop`; the first reason stays. */
  readonly signal: AbortSignal;
  stop(reason: StopReason): void;
  /** Ends the timers. */
  end(): void;
};

type Ends = {
  readonly functionSignal: AbortSignal;
  readonly waitUntilMs: EpochMs | undefined;
  readonly deadlineAtMs: EpochMs;
};

/**
 * One signal, from whichever end comes first down to the upstream's socket. An end that is past
 * aborts at once.
 */
export const stopper = (clock: Clock, ends: Ends): Stopper => {
  const controller = new AbortController();
  const timers = new AbortController();
  const stop = (reason: StopReason): void => controller.abort(new Stop(reason));
  const stopAt = (atMs: EpochMs, reason: StopReason): void => {
    const leftMs = atMs - clock.nowMs();
    if (leftMs <= 0) {
      stop(reason);
      return;
    }
    clock.sleep(leftMs, timers.signal).then(
      () => stop(reason),
      () => undefined,
    );
  };
  const onFunctionEnding = (): void => stop('function_ending');
  stopAt(ends.deadlineAtMs, 'deadline');
  if (ends.waitUntilMs !== undefined) stopAt(ends.waitUntilMs, 'wait_over');
  if (ends.functionSignal.aborted) onFunctionEnding();
  else ends.functionSignal.addEventListener('abort', onFunctionEnding, { once: true });
  return {
    signal: controller.signal,
    stop,
    end: () => {
      timers.abort('ended');
      ends.functionSignal.removeEventListener('abort', onFunctionEnding);
    },
  };
};

/** The reason `signal` was stopped for; undefined while it was not. */
export const stopReason = (signal: AbortSignal): StopReason | undefined =>
  signal.reason instanceof Stop ? signal.reason.reason : undefined;
