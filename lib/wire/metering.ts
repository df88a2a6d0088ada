import type { Usage } from '../job/job.ts';
import { jsonChars } from '../job/token-estimate.ts';
import { chatUsage } from './chat/chunk.ts';
import { isJsonObject, objectsOf, stringOf } from './json-object.ts';
import type { JsonObject } from './production.ts';
import { usageOf } from './responses/finish.ts';
import type { StoredRequest } from './stored-request.ts';

const lengthOf = (value: unknown): number => stringOf(value)?.length ?? 0;

/** What a choice of a chat chunk says. Some servers name the reasoning twice. */
const deltaChars = (delta: JsonObject): number => {
  const calls = objectsOf(delta['tool_calls']).map(({ function: called }) =>
    isJsonObject(called) ? lengthOf(called['name']) + lengthOf(called['arguments']) : 0,
  );
  return [
    lengthOf(delta['content']),
    lengthOf(delta['refusal']),
    lengthOf(delta['reasoning_content'] ?? delta['reasoning']),
    ...calls,
  ].reduce((sum, chars) => sum + chars, 0);
};

/** Characters of output in one event of either protocol: text, refusals, reasoning, calls. */
export const outputChars = (event: JsonObject): number => {
  const type = stringOf(event['type']) ?? '';
  if (type.endsWith('.delta')) return type.endsWith('audio.delta') ? 0 : lengthOf(event['delta']);
  return objectsOf(event['choices'])
    .map(({ delta }) => (isJsonObject(delta) ? deltaChars(delta) : 0))
    .reduce((sum, chars) => sum + chars, 0);
};

/** The token counts that an event of either protocol tells. */
export const usageIn = (event: JsonObject): Usage | undefined =>
  isJsonObject(event['response']) ? usageOf(event['response']['usage']) : chatUsage(event['usage']);

/** What of a request the model reads. */
const inputOf = (stored: StoredRequest): unknown => {
  if (stored.api === 'generate') return stored.request.messages;
  const { body } = stored.request;
  return stored.api === 'chat'
    ? [body['messages'], body['tools'], body['functions'], body['response_format']]
    : [stored.earlier, body['instructions'], body['input'], body['tools'], body['text']];
};

/** Characters that each call for this request reads. */
export const inputChars = (stored: StoredRequest): number => jsonChars(inputOf(stored));
