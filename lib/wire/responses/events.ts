import { isJsonObject, stringOf, without } from '../json-object.ts';
import type { EventReader, Finish, JsonObject, Reading } from '../production.ts';
import { sseFrame } from '../sse.ts';
import { finishOf, isEnding } from './finish.ts';
import type { ResponseResource } from './resource.ts';
import { malformedEvent, upstreamErrorFault } from './upstream-fault.ts';

/** The fields of a response object that are ours: see `ownFields`. */
export type OwnFields = { readonly id: string; readonly [field: string]: unknown };

const sequenceOf = (event: JsonObject): number | undefined => {
  const sequence = event['sequence_number'];
  return typeof sequence === 'number' && Number.isInteger(sequence) && sequence >= 0
    ? sequence
    : undefined;
};

/** What an event of the responses protocol tells beside its content. Throws for one that is none. */
export const readEvent = (event: JsonObject) => {
  const type = stringOf(event['type']);
  if (type === undefined) throw malformedEvent('an event of the responses protocol');
  // Flat as OpenAI sends it, or wrapped as some servers do.
  if (type === 'error')
    throw upstreamErrorFault(
      isJsonObject(event['error']) ? event['error'] : without(event, 'type'),
    );
  const response = isJsonObject(event['response']) ? event['response'] : undefined;
  const upstreamId = stringOf(response?.['id']);
  const upstreamSeq = sequenceOf(event);
  const model = stringOf(response?.['model']);
  return {
    type,
    response,
    finish: finishOf(event),
    tells: {
      ...(upstreamId === undefined ? {} : { upstreamId }),
      ...(upstreamSeq === undefined ? {} : { upstreamSeq }),
      ...(model === undefined ? {} : { model }),
    } satisfies Partial<Reading>,
  };
};

/** An event as it is kept in a transcript: without the sequence number, which is its place there. */
export const eventEntry = (event: JsonObject): string =>
  JSON.stringify(without(event, 'sequence_number'));

/**
 * Reads the events of a responses upstream for a client of the same API. They are kept as they come,
 * unknown ones too, but for the ids and what else of the response object is ours. The event that
 * ends the stream is no entry: `terminalEvent` makes it from the final object. `keepalive` is none
 * either: our streams have their own.
 */
export const passThroughReader = (own: OwnFields, defaults: JsonObject = {}): EventReader => {
  let finish: Finish | undefined;
  const entryOf = (event: JsonObject, response: JsonObject | undefined): string =>
    eventEntry({
      ...event,
      ...(response === undefined ? {} : { response: { ...defaults, ...response, ...own } }),
      ...('response_id' in event ? { response_id: own.id } : {}),
    });
  return {
    read(event) {
      const { type, response, finish: ended, tells } = readEvent(event);
      finish ??= ended;
      const isEntry = !isEnding(event) && type !== 'keepalive';
      return {
        entries: isEntry ? [entryOf(event, response)] : [],
        ...tells,
        ...(ended === undefined ? {} : { finish: ended }),
      };
    },
    end: () => finish,
  };
};

/**
 * OpenAI's protocol has no event for a cancelled response, and its clients throw on a type they do
 * not know; `response.failed` is the one that keeps them from taking a part for the whole.
 */
const endingTypes: Readonly<Record<string, string>> = {
  completed: 'response.completed',
  incomplete: 'response.incomplete',
};

/** The entry that ends the stream of an ended response. */
export const terminalEvent = (resource: ResponseResource): string =>
  JSON.stringify({ type: endingTypes[resource.status] ?? 'response.failed', response: resource });

/** One of the entries that open a stream: the whole response as it was then. */
export const snapshotEvent = (
  type: 'response.created' | 'response.queued' | 'response.in_progress',
  resource: JsonObject,
): string => JSON.stringify({ type, response: resource });

/** OpenAI's event that says why a stream ends before its response does. */
export const errorEvent = (error: {
  readonly code: string;
  readonly message: string;
  readonly param: string | null;
}): string => {
  const { code, message, param } = error;
  return JSON.stringify({ type: 'error', code, message, param });
};

/** An entry as a whole server-sent event, in its place in the stream. */
export const eventFrame = (entry: string, sequenceNumber: number): string => {
  const event: unknown = JSON.parse(entry);
  if (!isJsonObject(event)) throw new TypeError('The entry is not an event.');
  const { type, ...fields } = event;
  const name = stringOf(type) ?? 'error';
  return sseFrame(
    name.replaceAll(/[\r\n]/g, ' '),
    JSON.stringify({ type, sequence_number: sequenceNumber, ...fields }),
  );
};
