import * as z from 'zod/mini';
import type { Clock } from '../ports/system.ts';
import { isJsonObject } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import { outputEvents } from '../wire/whole-answer/response-events.ts';
import { eventFault, malformed } from './openai-faults.ts';
import { endingType } from './openai-response-events.ts';

const responseSchema = z.looseObject({
  id: z.string(),
  status: z.enum(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
});

/** A response object. Throws Fault `upstream_malformed`, or that of the error it is in truth. */
export const readResponse = (value: unknown, nowMs: number) => {
  const parsed = responseSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  if (isJsonObject(value) && value['error']) throw eventFault(value['error'], nowMs);
  throw malformed(parsed.error);
};

/** How often a generation that cannot be streamed is looked at. */
const lookEveryMs = 2_000;

type Reading = {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** The response as it is now. */
  readonly look: (upstreamId: string) => Promise<unknown>;
};

/**
 * A response that came in one piece, as the events a stream would have had. One that has not ended
 * yet goes on in the background: it is looked at until it has.
 */
export async function* wholeResponseEvents(
  answer: unknown,
  { clock, signal, look }: Reading,
): AsyncGenerator<JsonObject> {
  let sequenceNumber = 0;
  const numbered = (event: JsonObject): JsonObject => {
    const sequence_number = sequenceNumber;
    sequenceNumber += 1;
    return { ...event, sequence_number };
  };

  let response = readResponse(answer, clock.nowMs());
  const begun = {
    ...response,
    ...(endingType(response.status) === undefined ? {} : { status: 'in_progress' }),
    output: [],
    usage: null,
    error: null,
    incomplete_details: null,
  };
  yield numbered({ type: 'response.created', response: begun });
  let told: string = begun.status;
  for (let ending = endingType(response.status); ; ending = endingType(response.status)) {
    if (ending !== undefined) {
      for (const event of outputEvents(response)) yield numbered(event);
      yield numbered({ type: ending, response });
      return;
    }
    if (response.status !== told) {
      told = response.status;
      yield numbered({ type: `response.${told}`, response });
    }
    await clock.sleep(lookEveryMs, signal);
    response = readResponse(await look(response.id), clock.nowMs());
  }
}
