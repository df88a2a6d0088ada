import { betweenEventsMs, firstEventMs, firstEventReasoningMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import { stalled } from './openai-faults.ts';

/** Models that may think for minutes before their first event, as their makers name them. */
const reasoningNames =
  /(?:^|\/)(?:o\d+(?:$|[-:.])|gpt-(?:[5-9]|oss))|reason|thinking|deepseek-r\d|qwq|magistral/i;

export type SilenceLimits = {
  readonly firstEventMs: number;
  readonly betweenEventsMs: number;
};

/**
 * How long an upstream may be silent; a limit that was given replaces the usual one. A model that is
 * not known may be one that thinks.
 */
export const silenceLimits = (
  model: string | undefined,
  given: Partial<SilenceLimits>,
): SilenceLimits => {
  const thinks = model === undefined || reasoningNames.test(model);
  return {
    firstEventMs: given.firstEventMs ?? (thinks ? firstEventReasoningMs : firstEventMs),
    betweenEventsMs: given.betweenEventsMs ?? betweenEventsMs,
  };
};

const answered = Symbol('answered');

/** A span of silence: it began `sinceMs` and may last `limitMs`. */
export type Silence = { readonly sinceMs: number; readonly limitMs: number };

/** What `pending` gives; throws Fault `upstream_stalled` when the silence lasts too long for it. */
export const within = async <T>(
  clock: Clock,
  { sinceMs, limitMs }: Silence,
  pending: Promise<T>,
): Promise<T> => {
  const settled = new AbortController();
  const leftMs = Math.max(0, sinceMs + limitMs - clock.nowMs());
  const silence = clock.sleep(leftMs, settled.signal).then(() => {
    throw stalled(limitMs);
  });
  try {
    return await Promise.race([pending, silence]);
  } finally {
    settled.abort(answered);
  }
};

/**
 * As `within`, for many waits one after the other, of which most are over at once: they share a timer,
 * which is moved only when a wait has to end before it. `end` lets go of it.
 */
export const silenceWatch = (clock: Clock) => {
  let waiting: { readonly untilMs: number; readonly fail: () => void } | undefined;
  let timer: { readonly atMs: number; readonly off: AbortController } | undefined;

  const end = (): void => {
    timer?.off.abort(answered);
    timer = undefined;
  };

  const wakeAt = (atMs: number): void => {
    end();
    const off = new AbortController();
    timer = { atMs, off };
    const leftMs = Math.max(0, atMs - clock.nowMs());
    clock.sleep(leftMs, off.signal).then(look, () => undefined);
  };

  /** What is waited for now may have begun after the timer. */
  const look = (): void => {
    timer = undefined;
    if (waiting === undefined) return;
    if (clock.nowMs() >= waiting.untilMs) waiting.fail();
    else wakeAt(waiting.untilMs);
  };

  const wait = <T>({ sinceMs, limitMs }: Silence, pending: Promise<T>): Promise<T> =>
    new Promise((resolve, reject) => {
      const untilMs = sinceMs + limitMs;
      const own = { untilMs, fail: () => reject(stalled(limitMs)) };
      // Before the waiter goes on, who may wait again at once.
      const over = (): void => {
        if (waiting === own) waiting = undefined;
      };
      waiting = own;
      if (timer === undefined || timer.atMs > untilMs) wakeAt(untilMs);
      pending.then(
        (value) => {
          over();
          resolve(value);
        },
        (thrown: unknown) => {
          over();
          reject(thrown);
        },
      );
    });

  return { wait, end };
};
