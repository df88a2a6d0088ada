import { isJsonObject } from '../json.ts';
import { missing, type Parsed, refused, wrongType } from '../refusal.ts';
import { countTokens, imageTokens } from '../text.ts';
import { newItemId } from './item-id.ts';

/** The input of a response as it is kept, and what is read of it. */
export interface Input {
  /** Each with an id, as `input_items` lists them. */
  readonly items: readonly Record<string, unknown>[];
  /** The last user message. */
  readonly message: string;
  /** What a tool answered after it; null when none did. */
  readonly toolResult: string | null;
  readonly tokens: number;
}

const roles = ['user', 'assistant', 'system', 'developer'];
const tokensPerItem = 3;

/** Reads `input`; refused with the place at fault when an item is malformed. */
export function parseInput(input: unknown): Parsed<Input> {
  if (input === undefined || input === null) return missing('input');
  const given = typeof input === 'string' ? [{ role: 'user', content: input }] : input;
  if (!Array.isArray(given)) return wrongType('input', 'a string or an array of items', input);
  if (given.length === 0) return refused("Invalid 'input': the array is empty.", 'input');
  const items: Record<string, unknown>[] = [];
  let tokens = tokensPerItem;
  let message: string | null = null;
  let toolResult: string | null = null;
  let lastText = '';
  for (const [index, item] of given.entries()) {
    const parsed = parseItem(item, `input[${index}]`);
    if (parsed.kind === 'refused') return parsed;
    const { kept, text, images } = parsed.value;
    items.push(kept);
    tokens += tokensPerItem + countTokens(text) + images * imageTokens;
    lastText = text;
    if (kept['role'] === 'user') {
      message = text;
      toolResult = null;
    }
    if (kept['type'] === 'function_call_output') toolResult = text;
  }
  return {
    kind: 'parsed',
    value: { items, message: message ?? lastText, toolResult, tokens },
  };
}

interface Item {
  readonly kept: Record<string, unknown>;
  readonly text: string;
  readonly images: number;
}

function parseItem(item: unknown, path: string): Parsed<Item> {
  if (!isJsonObject(item)) return wrongType(path, 'an object', item);
  const type = item['type'] ?? (item['role'] === undefined ? undefined : 'message');
  if (type === undefined) return missing(`${path}.type`);
  if (typeof type !== 'string') return wrongType(`${path}.type`, 'a string', type);
  const id = typeof item['id'] === 'string' ? item['id'] : newItemId(type);
  if (type === 'message') return parseMessage(item, id, path);
  if (type === 'function_call' && typeof item['arguments'] !== 'string') {
    return wrongType(`${path}.arguments`, 'a string', item['arguments']);
  }
  const isCall = type === 'function_call' || type === 'function_call_output';
  if (isCall && typeof item['call_id'] !== 'string') {
    return wrongType(`${path}.call_id`, 'a string', item['call_id']);
  }
  const read = parseContent(
    type === 'function_call' ? item['arguments'] : (item['output'] ?? ''),
    `${path}.output`,
  );
  if (read.kind === 'refused') return read;
  const kept = { id, ...item, type, ...(isCall && { status: item['status'] ?? 'completed' }) };
  return { kind: 'parsed', value: { kept, text: read.value.text, images: read.value.images } };
}

function parseMessage(item: Record<string, unknown>, id: string, path: string): Parsed<Item> {
  const { role } = item;
  if (typeof role !== 'string') return wrongType(`${path}.role`, 'a string', role);
  if (!roles.includes(role)) {
    const shown = role.slice(0, 100);
    return refused(`Invalid role '${shown}'. Supported: ${roles.join(', ')}.`, `${path}.role`);
  }
  if (item['content'] === undefined) return missing(`${path}.content`);
  const read = parseContent(item['content'], `${path}.content`);
  if (read.kind === 'refused') return read;
  const { text, images } = read.value;
  const type = role === 'assistant' ? 'output_text' : 'input_text';
  const content = typeof item['content'] === 'string' ? [{ type, text }] : item['content'];
  const kept = { id, type: 'message', status: 'completed', role, content };
  return { kind: 'parsed', value: { kept, text, images } };
}

/** The text in a string or in parts, and the images among them; other parts count nothing. */
function parseContent(content: unknown, path: string): Parsed<Pick<Item, 'text' | 'images'>> {
  if (typeof content === 'string') return { kind: 'parsed', value: { text: content, images: 0 } };
  if (!Array.isArray(content)) return wrongType(path, 'a string or an array of parts', content);
  const texts: string[] = [];
  let images = 0;
  for (const [index, part] of content.entries()) {
    const place = `${path}[${index}]`;
    if (!isJsonObject(part)) return wrongType(place, 'an object', part);
    const { type } = part;
    if (typeof type !== 'string') return wrongType(`${place}.type`, 'a string', type);
    if (type === 'input_image') images++;
    const field = type === 'refusal' ? 'refusal' : 'text';
    if (!['input_text', 'output_text', 'refusal', 'text'].includes(type)) continue;
    const text = part[field];
    if (typeof text !== 'string') return wrongType(`${place}.${field}`, 'a string', text);
    texts.push(text);
  }
  return { kind: 'parsed', value: { text: texts.join(''), images } };
}
