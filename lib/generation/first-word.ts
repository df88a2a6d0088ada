import { firstWordMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';

/** When the connection to a generation that goes on without it is closed. */
export type FirstWord = {
  /** Aborts once `signal` has and the first event was heard, or at the latest `firstWordMs` after it. */
  readonly signal: AbortSignal;
  /** The first event has come: it tells the generation's id, by which it can be resumed or stopped. */
  heard(): void;
  /** Nobody listens any more. */
  end(): void;
};

/**
 * Keeps a call that is stopped open for a moment until its id is known: else it would run on, and be paid
 * for, without anybody who could read or stop it.
 */
export const awaitFirstWord = (clock: Pick<Clock, 'sleep'>, signal: AbortSignal): FirstWord => {
  const connection = new AbortController();
  const patience = new AbortController();
  let isHeard = false;
  // With a reason of ours: Node would make an exception with a stack for each.
  const hurry = (): void => patience.abort('over');
  const close = (): void => connection.abort(signal.reason);
  const stop = (): void => {
    if (isHeard) close();
    else clock.sleep(firstWordMs, patience.signal).then(close, () => undefined);
  };
  if (signal.aborted) close();
  else signal.addEventListener('abort', stop, { once: true });
  return {
    signal: connection.signal,
    heard: () => {
      if (isHeard) return;
      isHeard = true;
      hurry();
      if (signal.aborted) close();
    },
    end: () => {
      signal.removeEventListener('abort', stop);
      hurry();
    },
  };
};
