import { setTimeout as delay } from 'node:timers/promises';

/** Tokens and the moments at which each is due. */
export interface Pace {
  readonly tokens: readonly string[];
  /** On the clock of `performance.now()`. */
  readonly startedAtMs: number;
  readonly firstTokenMs: number;
  readonly tokensPerSecond: number;
}

/**
 * Yields the tokens from index `from` up to `to`, none before it is due. Due times count from the
 * start, not from the token before, so a late timer delays one token and not the end.
 * Ends early, without an error, when the signal aborts.
 */
export async function* paced(
  pace: Pace,
  from: number,
  to: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  for (let index = from; index < to; index++) {
    if (!(await untilDue(pace, index, signal))) return;
    const token = pace.tokens[index];
    if (token === undefined) return;
    yield token;
  }
}

/** Waits for the moment of the token at `index`; false when the signal aborted first. */
export async function untilDue(pace: Pace, index: number, signal: AbortSignal): Promise<boolean> {
  const dueMs = pace.startedAtMs + pace.firstTokenMs + (index * 1_000) / pace.tokensPerSecond;
  for (;;) {
    if (signal.aborted) return false;
    const waitMs = dueMs - performance.now();
    if (waitMs <= 0) return true;
    await pause(Math.ceil(waitMs), signal);
  }
}

/** Waits that long, or until the signal aborts; never throws. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Only an abort rejects, and the caller reads the signal.
  }
}

/** Resolves when the signal aborts. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
