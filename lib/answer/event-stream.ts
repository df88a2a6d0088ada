import type { StreamItem } from '../generation/follow.ts';
import { heartbeatMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import { sseComment } from '../wire/sse.ts';

/** Turns what a reader is told into frames; the last item's frames end the stream. */
export type Framer = (item: StreamItem) => string | Promise<string>;

const silent = Symbol('silent');

const stillHere = sseComment('still here');

/**
 * The frames of a job's stream, and a comment whenever nothing came for a while, so that no gateway
 * takes the connection for dead. It opens with one when the client has been kept waiting already.
 */
export async function* eventStream(
  clock: Clock,
  items: AsyncGenerator<StreamItem>,
  frame: Framer,
  keptWaiting = false,
): AsyncGenerator<string> {
  if (keptWaiting) yield stillHere;
  let next = items.next();
  for (;;) {
    const pause = new AbortController();
    const outcome = await Promise.race([
      next,
      clock.sleep(heartbeatMs, pause.signal).then(
        () => silent,
        () => silent,
      ),
    ]);
    pause.abort('spoken');
    if (outcome === silent) {
      yield stillHere;
      continue;
    }
    if (typeof outcome === 'symbol' || outcome.done) return;
    yield await frame(outcome.value);
    next = items.next();
  }
}

/**
 * The first item, if it comes within `ms`; the iteration then still begins with it. What fails before
 * it has begun can so be answered with a status of its own.
 */
export const peek = async (
  clock: Clock,
  items: AsyncGenerator<StreamItem>,
  ms: number,
): Promise<{ first: StreamItem | undefined; items: AsyncGenerator<StreamItem> }> => {
  const begun = items.next();
  const pause = new AbortController();
  const outcome = await Promise.race([
    begun,
    clock.sleep(ms, pause.signal).then(
      () => silent,
      () => silent,
    ),
  ]);
  pause.abort('spoken');
  const all = async function* (): AsyncGenerator<StreamItem> {
    const { value, done } = await begun;
    if (done) return;
    yield value;
    yield* items;
  };
  const first = typeof outcome === 'symbol' || outcome.done ? undefined : outcome.value;
  return { first, items: all() };
};
