import { epochMs } from '../job/time.ts';
import type { Clock } from '../ports/system.ts';

/** Above this Node's timers fire at once (2³¹−1 ms, some 24 days). */
const maxTimerMs = 2_147_483_647;

const sleep = (ms: number, signal?: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason);
      return;
    }
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(
      () => {
        signal?.removeEventListener('abort', abort);
        resolve();
      },
      Math.min(ms, maxTimerMs),
    );
    signal?.addEventListener('abort', abort, { once: true });
  });

/**
 * The host's clock. A pending sleep keeps the process alive: with nothing else under way, Lambda's
 * runtime would take an empty event loop for the end of the invocation.
 */
export const systemClock = (): Clock => ({ nowMs: () => epochMs(Date.now()), sleep });
