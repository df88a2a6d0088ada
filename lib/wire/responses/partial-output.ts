import { estimatedTokens, jsonChars } from '../../job/token-estimate.ts';
import { entryOf, isJsonObject, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

type Item = { readonly item: JsonObject; readonly texts: Map<string, string> };

/** Which part of which item a delta belongs to, and under which field its text stands there. */
const deltaFields: Readonly<Record<string, string>> = {
  'response.output_text.delta': 'text',
  'response.refusal.delta': 'refusal',
  'response.reasoning_text.delta': 'text',
  'response.reasoning_summary_text.delta': 'summary',
  'response.function_call_arguments.delta': 'arguments',
};

const partTypes: Readonly<Record<string, string>> = {
  'response.output_text.delta': 'output_text',
  'response.refusal.delta': 'refusal',
  'response.reasoning_text.delta': 'reasoning_text',
};

const part = (key: string, text: string): JsonObject => {
  const type = key.slice(key.indexOf(' ') + 1);
  if (type === 'refusal') return { type, refusal: text };
  return type === 'output_text' ? { type, text, annotations: [], logprobs: [] } : { type, text };
};

/** An item that was still being written, with as much of it as was put out. */
const unfinished = ({ item, texts }: Item): JsonObject => {
  const called = texts.get('arguments');
  if (called !== undefined) return { ...item, arguments: called, status: 'incomplete' };
  const content = [...texts].map(([key, text]) => part(key, text));
  return { ...item, ...(content.length > 0 ? { content } : {}), status: 'incomplete' };
};

/**
 * The output of a response that has no final object, from the events it put out: finished items as
 * they are, and of the others what there is, as `incomplete`.
 */
export const partialOutput = (entries: readonly string[]): readonly JsonObject[] => {
  const items = new Map<number, Item | JsonObject>();
  for (const entry of entries) {
    const event: unknown = JSON.parse(entry);
    if (!isJsonObject(event)) continue;
    const index = event['output_index'];
    if (typeof index !== 'number') continue;
    const type = stringOf(event['type']) ?? '';
    if (type === 'response.output_item.done' && isJsonObject(event['item'])) {
      items.set(index, event['item']);
    } else if (type === 'response.output_item.added' && isJsonObject(event['item'])) {
      items.set(index, { item: event['item'], texts: new Map() });
    } else addDelta(items.get(index), type, event);
  }
  return [...items.entries()]
    .sort(([a], [b]) => a - b)
    .map(([, item]) => (isOpen(item) ? unfinished(item) : item));
};

const isOpen = (item: Item | JsonObject): item is Item => item['texts'] instanceof Map;

const addDelta = (item: Item | JsonObject | undefined, type: string, event: JsonObject): void => {
  const field = entryOf(deltaFields, type);
  if (item === undefined || !isOpen(item) || field === undefined || field === 'summary') return;
  const key = field === 'arguments' ? field : `${event['content_index']} ${partTypes[type]}`;
  item.texts.set(key, (item.texts.get(key) ?? '') + (stringOf(event['delta']) ?? ''));
};

/**
 * What a generation that was stopped is likely to have cost, counted from its text and marked as an
 * estimate: for jobs whose ledger does not hold it, from before it did.
 */
export const estimatedUsage = (input: unknown, output: readonly JsonObject[]) => {
  const input_tokens = estimatedTokens(jsonChars(input));
  const output_tokens = estimatedTokens(output.map(textsOf).join('').length);
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens,
    estimated: true,
  };
};

const textsOf = (item: JsonObject): string => {
  const content = Array.isArray(item['content']) ? item['content'].filter(isJsonObject) : [];
  const said = content.map((one) => stringOf(one['text']) ?? stringOf(one['refusal']) ?? '');
  return said.join('') + (stringOf(item['arguments']) ?? '');
};
