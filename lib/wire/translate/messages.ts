import { objectsOf, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import { isMessage } from '../responses/item-schema.ts';
import { chatContent, chatText, joinedText } from './content.ts';
import { type Path, refuseOthers, untranslatable } from './untranslatable.ts';

/** An item and where the client wrote it. */
export type PlacedItem = { readonly item: JsonObject; readonly path: Path };

const role = (name: unknown, path: Path): 'system' | 'user' | 'assistant' => {
  if (name === 'user' || name === 'assistant') return name;
  // OpenAI reads the two alike, and most other servers know no developer.
  if (name === 'system' || name === 'developer') return 'system';
  throw untranslatable([...path, 'role'], `the role ${JSON.stringify(name)} is not known`);
};

const message = (item: JsonObject, path: Path): JsonObject => {
  refuseOthers(item, ['type', 'id', 'status', 'role', 'content'], path);
  const speaker = role(item['role'], path);
  const place = [...path, 'content'];
  const { content } = item;
  switch (speaker) {
    case 'user':
      return { role: speaker, content: chatContent(content, place) };
    case 'system':
      return { role: speaker, content: chatText(content, place) };
    case 'assistant':
      return { role: speaker, content: joinedText(content, place) };
  }
};

const needed = (item: JsonObject, field: string, path: Path): string => {
  const value = stringOf(item[field]);
  if (value !== undefined) return value;
  throw untranslatable([...path, field], 'a string is needed here');
};

const functionCall = (item: JsonObject, path: Path): JsonObject => {
  refuseOthers(item, ['type', 'id', 'status', 'call_id', 'name', 'arguments'], path);
  const name = needed(item, 'name', path);
  const call = {
    id: needed(item, 'call_id', path),
    type: 'function',
    function: { name, arguments: needed(item, 'arguments', path) },
  };
  return { role: 'assistant', content: null, tool_calls: [call] };
};

const functionOutput = (item: JsonObject, path: Path): JsonObject => {
  refuseOthers(item, ['type', 'id', 'status', 'call_id', 'output'], path);
  const tool_call_id = needed(item, 'call_id', path);
  return { role: 'tool', tool_call_id, content: chatText(item['output'], [...path, 'output']) };
};

/**
 * Thoughts of earlier turns are no part of a chat: its models are trained on conversations without
 * them, and some servers refuse them.
 */
const translate = ({ item, path }: PlacedItem): JsonObject | undefined => {
  if (isMessage(item)) return message(item, path);
  switch (item['type']) {
    case 'function_call':
      return functionCall(item, path);
    case 'function_call_output':
      return functionOutput(item, path);
    case 'reasoning':
      return undefined;
    default:
      throw untranslatable(
        [...path, 'type'],
        `items of type ${JSON.stringify(item['type'])} cannot be sent`,
      );
  }
};

/** Calls go with the assistant's message before them: a chat wants all calls of a turn in one. */
const mergeCalls = (messages: readonly JsonObject[]): readonly JsonObject[] => {
  const merged: JsonObject[] = [];
  for (const next of messages) {
    const last = merged.at(-1);
    const joins = next['role'] === 'assistant' && next['content'] === null;
    if (!joins || last?.['role'] !== 'assistant') {
      merged.push(next);
      continue;
    }
    const tool_calls = [...objectsOf(last['tool_calls']), ...objectsOf(next['tool_calls'])];
    merged[merged.length - 1] = { ...last, tool_calls };
  }
  return merged;
};

/**
 * A conversation in chat form. Throws Fault `invalid_value` naming the item or the field that has no
 * counterpart there.
 */
export const chatMessages = (
  instructions: string | undefined,
  items: readonly PlacedItem[],
): readonly JsonObject[] => [
  ...(instructions === undefined ? [] : [{ role: 'system', content: instructions }]),
  ...mergeCalls(items.map(translate).filter((translated) => translated !== undefined)),
];
