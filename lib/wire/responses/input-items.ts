import { isJsonObject, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import { inputItemId } from './item-id.ts';
import { isMessage } from './item-schema.ts';

const partOf = (part: unknown): unknown =>
  isJsonObject(part) && part['type'] === 'input_image' ? { detail: 'auto', ...part } : part;

const contentOf = ({ role, content }: JsonObject): unknown => {
  if (Array.isArray(content)) return content.map(partOf);
  return role === 'assistant'
    ? [{ type: 'output_text', text: content, annotations: [], logprobs: [] }]
    : [{ type: 'input_text', text: content }];
};

/** The types of items that have a status (Open Responses, "Items"; read 2026-11). */
const withStatus: readonly string[] = ['message', 'function_call', 'function_call_output'];

/**
 * The items of a job's input as `GET /v1/responses/{id}/input_items` shows them: each with an id,
 * the client's own or one that is always the same, and messages in full form.
 */
export const inputItems = (input: readonly JsonObject[], jobId: string): readonly JsonObject[] =>
  input.map((item, index) => {
    const type = isMessage(item) ? 'message' : (stringOf(item['type']) ?? 'message');
    return {
      ...item,
      type,
      id: stringOf(item['id']) || inputItemId(type, jobId, index),
      ...(withStatus.includes(type) ? { status: item['status'] ?? 'completed' } : {}),
      ...(type === 'message' ? { content: contentOf(item) } : {}),
    };
  });
