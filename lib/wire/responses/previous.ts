import { stringOf, without } from '../json-object.ts';
import type { JsonObject, Protocol } from '../production.ts';
import { isMessage } from './item-schema.ts';

/** What an earlier response said and was told, its own earlier conversation included. */
export type Conversation = {
  readonly input: readonly JsonObject[];
  readonly output: readonly JsonObject[];
};

/**
 * Items that an upstream takes without an id. The id they have names nothing there, and OpenAI looks
 * one up that it is given. The others need theirs: an approval names its request by it.
 */
const takenWithoutId: readonly string[] = [
  'message',
  'function_call',
  'function_call_output',
  'reasoning',
  'custom_tool_call',
  'custom_tool_call_output',
];

const typeOf = (item: JsonObject): string =>
  isMessage(item) ? 'message' : (stringOf(item['type']) ?? '');

/** Thoughts are only of use to whoever can read them: an upstream that encrypted them itself. */
const isKept = (item: JsonObject, protocol: Protocol): boolean =>
  typeOf(item) !== 'reasoning' ||
  (protocol === 'responses' && typeof item['encrypted_content'] === 'string');

/** Reasoning content is refused beside its encrypted form; status and logprobs describe an output. */
const replayed = (item: JsonObject): JsonObject => {
  const type = typeOf(item);
  if (type === 'reasoning') return without(item, 'id', 'status', 'content');
  return takenWithoutId.includes(type) ? without(item, 'id', 'status') : item;
};

/**
 * Items in the form that every upstream takes, whatever store they are from: without the ids that
 * would be looked up there, and without thoughts that nobody can read.
 */
export const portableItems = (
  items: readonly JsonObject[],
  protocol: Protocol,
): readonly JsonObject[] => items.filter((item) => isKept(item, protocol)).map(replayed);

/**
 * The earlier conversation as input that goes before a request's own. `previous_response_id` is
 * resolved here, never upstream. Instructions are not carried over, as OpenAI's are not.
 */
export const expandPrevious = (previous: Conversation, protocol: Protocol): readonly JsonObject[] =>
  portableItems([...previous.input, ...previous.output], protocol);
