import * as z from 'zod/mini';
import type { Clock } from '../ports/system.ts';
import { isJsonObject } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import type { AnswerReader } from './openai-answer.ts';
import { cut, eventFault, malformed } from './openai-faults.ts';
import type { Silence, SilenceLimits } from './openai-silence.ts';

const eventSchema = z.object({
  type: z.string(),
  response: z.optional(z.looseObject({ status: z.optional(z.unknown()) })),
  error: z.optional(z.unknown()),
});
type Event = z.infer<typeof eventSchema>;

/** The events that end a generation, by the status it ended in. */
const endings = {
  completed: 'response.completed',
  incomplete: 'response.incomplete',
  failed: 'response.failed',
  cancelled: 'response.cancelled',
} as const;
const endingTypes: ReadonlySet<string> = new Set(Object.values(endings));

/** Whether the event ends its generation. */
export const isEnding = ({ type }: JsonObject): boolean =>
  typeof type === 'string' && endingTypes.has(type);

/** The event that ends a generation in that status; undefined for one that has not ended. */
export const endingType = (status: unknown): string | undefined =>
  Object.entries(endings).find(([ended]) => ended === status)?.[1];

/**
 * A generation that waits for its turn upstream says nothing: that is no stall, and whoever asked for
 * it decides how long to wait. This only finds the connection that died meanwhile.
 */
export const queuedSilenceMs = 10 * 60_000;

const isQueued = ({ type, response }: Event): boolean =>
  type === 'response.queued' || (type === 'response.created' && response?.status === 'queued');

/**
 * How long nothing may come after `event`. Deltas are written as they are produced, so the next is
 * due within the limit between events. After any other event the model may think, or a tool of the
 * upstream may work, as long as before the first.
 */
const limitAfter = (event: Event, limits: SilenceLimits): number => {
  if (isQueued(event)) return queuedSilenceMs;
  return event.type.endsWith('.delta') ? limits.betweenEventsMs : limits.firstEventMs;
};

type Reading = {
  readonly clock: Clock;
  readonly limits: SilenceLimits;
  /** The wait for the first event began when the request was sent. */
  readonly first: Silence;
};

/**
 * The events of a response, unchanged, up to the one that ends it. Throws Fault
 * `upstream_malformed`, `upstream_stalled`, `upstream_cut` when the stream ends before that, or that
 * of an `error` event.
 */
export async function* responseEvents(
  answer: AnswerReader,
  { clock, limits, first }: Reading,
): AsyncGenerator<JsonObject> {
  let silence = first;
  let ended = false;
  try {
    while (!ended) {
      const next = await answer.next(silence);
      if (next === undefined) throw cut(undefined);
      const { value } = next;
      const parsed = eventSchema.safeParse(value);
      if (!parsed.success || !isJsonObject(value)) throw malformed(parsed.error);
      const event = parsed.data;
      if (event.type === 'error' || event.error) throw eventFault(value, clock.nowMs());
      ended = isEnding(event);
      yield value;
      silence = { sinceMs: clock.nowMs(), limitMs: limitAfter(event, limits) };
    }
  } finally {
    if (ended) answer.leave();
    else answer.close();
  }
}
