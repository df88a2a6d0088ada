import type { Clock } from '../ports/system.ts';
import { type Silence, silenceWatch } from './openai-silence.ts';

/** How long a server may take to end its answer after the event that ends the generation. */
const farewellMs = 1_000;

/** The events of one answer, read one at a time. */
export type AnswerReader = {
  /**
   * The next event; undefined once the answer has ended. Throws Fault `upstream_stalled` when the
   * silence lasts too long, and whatever the connection throws.
   */
  next(silence: Silence): Promise<{ readonly value: unknown } | undefined>;
  /** Nothing more is wanted of the answer: its connection is closed, unless it was read to its end. */
  close(): void;
  /**
   * The last event was read. The connection serves the next request if the answer ends at once, and
   * is closed otherwise; nobody waits for it.
   */
  leave(): void;
};

/** `closeConnection` ends the request; it is called once at most. */
export const readAnswer = (
  answer: AsyncIterable<unknown>,
  clock: Clock,
  closeConnection: () => void,
): AnswerReader => {
  const source = answer[Symbol.asyncIterator]();
  const watch = silenceWatch(clock);
  let ended = false;

  const next = async (silence: Silence) => {
    const result = await watch.wait(silence, source.next());
    ended = result.done === true;
    if (ended) watch.end();
    return ended ? undefined : { value: result.value };
  };
  const close = () => {
    if (ended) return;
    ended = true;
    watch.end();
    closeConnection();
    source.return?.().catch(() => undefined);
  };
  const leave = () => {
    if (ended) return;
    next({ sinceMs: clock.nowMs(), limitMs: farewellMs })
      .catch(() => undefined)
      .finally(close);
  };
  return { next, close, leave };
};
