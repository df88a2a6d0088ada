import { betweenEventsMs, firstEventMs, firstEventReasoningMs } from '../limits.ts';
import type { Usage } from '../job/job.ts';
import type { Clock, FinishReason, UpstreamEvent } from '../ports.ts';
import { readChunk } from './openai-chunk.ts';
import { cut, stalled } from './openai-faults.ts';

/** Models that may think for minutes before their first event, as their makers name them. */
const reasoningNames =
  /(?:^|\/)(?:o\d+(?:$|[-:.])|gpt-(?:[5-9]|oss))|reason|thinking|deepseek-r\d|qwq|magistral/i;

export type SilenceLimits = {
  readonly firstEventMs: number;
  readonly betweenEventsMs: number;
};

/** How long an upstream may be silent; a limit that was given replaces the usual one. */
export const silenceLimits = (model: string, given: Partial<SilenceLimits>): SilenceLimits => ({
  firstEventMs:
    given.firstEventMs ?? (reasoningNames.test(model) ? firstEventReasoningMs : firstEventMs),
  betweenEventsMs: given.betweenEventsMs ?? betweenEventsMs,
});

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

/** How long the usage may follow the finish event; the text is whole without it. */
const usageGraceMs = 5_000;

type Reading = {
  readonly clock: Clock;
  readonly model: string;
  /** The wait for the first event began when the request was sent. */
  readonly first: Silence;
  readonly betweenEventsMs: number;
  /** Closes the connection; called unless the answer was read to its end. */
  readonly close: () => void;
};

/**
 * The port's events from the answer's. Every JSON event counts against silence, with text or not.
 * Comments do not: they show that a proxy lives, not that the model does. Once the finish event was
 * seen, nothing that follows can fail the generation.
 */
export async function* readEvents(
  answer: AsyncIterable<unknown>,
  reading: Reading,
): AsyncGenerator<UpstreamEvent> {
  const { clock } = reading;
  const source = answer[Symbol.asyncIterator]();
  let started = false;
  let finish: FinishReason | undefined;
  let usage: Usage | undefined;
  let ended = false;

  const read = async () => {
    const { betweenEventsMs } = reading;
    const limitMs =
      finish === undefined ? betweenEventsMs : Math.min(betweenEventsMs, usageGraceMs);
    const silence = started ? { sinceMs: clock.nowMs(), limitMs } : reading.first;
    const next = await within(clock, silence, source.next());
    ended = next.done === true;
    return ended ? undefined : readChunk(next.value, clock.nowMs());
  };
  const readAfterFinish = () => read().catch(() => undefined);

  try {
    for (;;) {
      const chunk = await (finish === undefined ? read() : readAfterFinish());
      if (chunk === undefined) break;
      if (!started) {
        started = true;
        yield { kind: 'started', model: chunk.model ?? reading.model };
      }
      if (chunk.text !== '') yield { kind: 'text', text: chunk.text };
      finish ??= chunk.finish;
      usage = chunk.usage ?? usage;
    }
    if (finish === undefined) throw cut(undefined);
    yield { kind: 'finished', reason: finish, usage };
  } finally {
    if (!ended) {
      reading.close();
      source.return?.().catch(() => undefined);
    }
  }
}
