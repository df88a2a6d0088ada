import { isJsonObject, objectsOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

/** A stream tells its tool calls apart by their index, which a whole message leaves out. */
const deltaOf = (message: unknown): JsonObject => {
  if (!isJsonObject(message)) return {};
  if (!Array.isArray(message['tool_calls'])) return message;
  const calls = objectsOf(message['tool_calls']).map((call, index) => ({ index, ...call }));
  return { ...message, tool_calls: calls };
};

/**
 * A chat completion that came in one piece, as the chunks a stream would have had: what is said, how
 * each choice finished, then the usage. Unknown fields stay where they were.
 */
export const chatChunks = (completion: JsonObject): readonly JsonObject[] => {
  const { choices, usage, ...rest } = completion;
  const head = { ...rest, object: 'chat.completion.chunk' };
  const said: JsonObject[] = [];
  const finished: JsonObject[] = [];
  for (const [position, choice] of objectsOf(choices).entries()) {
    const { message, finish_reason, index = position, ...more } = choice;
    said.push({ index, delta: deltaOf(message), ...more, finish_reason: null });
    finished.push({ index, delta: {}, finish_reason: finish_reason ?? null });
  }
  return [
    { ...head, choices: said },
    { ...head, choices: finished },
    ...(usage === undefined || usage === null ? [] : [{ ...head, choices: [], usage }]),
  ];
};
