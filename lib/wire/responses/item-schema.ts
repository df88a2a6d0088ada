import { Fault } from '../../errors.ts';
import { isImageUrl } from '../image-url.ts';
import { arrayOf, isJsonObject } from '../json-object.ts';
import { describeValue, formatParam } from '../param.ts';
import type { JsonObject } from '../production.ts';

type Path = readonly PropertyKey[];

const fault = (path: Path, expected: string, found: unknown): Fault => {
  const param = formatParam(path) ?? 'input';
  return found === undefined
    ? new Fault(
        'missing_required_parameter',
        `Missing required parameter: '${param}' (${expected}).`,
        { param },
      )
    : new Fault(
        'invalid_value',
        `Invalid '${param}': expected ${expected}, got ${describeValue(found)}.`,
        { param },
      );
};

const expectedUrl = 'an http(s) URL or a data:image/ URL';

/** An image by URL must be one by the look of it; one by `file_id` is the reference check's. */
const checkImage = (part: JsonObject, path: Path): void => {
  const url = part['image_url'] ?? undefined;
  if (url === undefined && typeof part['file_id'] === 'string') return;
  if (typeof url !== 'string' || !isImageUrl(url)) {
    throw fault([...path, 'image_url'], expectedUrl, url);
  }
};

const checkPart = (part: unknown, path: Path): void => {
  if (!isJsonObject(part)) throw fault(path, "a content part, an object with a 'type'", part);
  const { type, text } = part;
  if (typeof type !== 'string' || type === '') {
    throw fault([...path, 'type'], "the part's type, a string", type);
  }
  if (type === 'input_image') checkImage(part, path);
  if ((type === 'input_text' || type === 'output_text') && typeof text !== 'string') {
    throw fault([...path, 'text'], 'a string', text);
  }
};

const checkParts = (content: unknown, path: Path): void => {
  for (const [index, part] of arrayOf(content).entries()) checkPart(part, [...path, index]);
};

const checkMessage = (item: JsonObject, path: Path): void => {
  const { role, content } = item;
  if (typeof role !== 'string' || role === '') throw fault([...path, 'role'], 'a string', role);
  if (typeof content !== 'string' && !Array.isArray(content)) {
    throw fault(
      [...path, 'content'],
      'a string or an array of content parts',
      content ?? undefined,
    );
  }
  checkParts(content, [...path, 'content']);
};

/** An item without a type is a message, or a reference by its id alone. */
export const isMessage = (item: JsonObject): boolean =>
  (item['type'] ?? 'message') === 'message' && !isReference(item);

/** `item_reference`, whose type may be left out. */
export const isReference = (item: JsonObject): boolean =>
  item['type'] === 'item_reference' ||
  ((item['type'] ?? undefined) === undefined &&
    typeof item['id'] === 'string' &&
    item['role'] === undefined &&
    item['content'] === undefined);

/**
 * Refuses a message without role or content, a content part that is none and an image that cannot
 * be one, in messages and in the outputs of tools. Other items pass. Throws Faults `invalid_value` and
 * `missing_required_parameter`.
 */
export const checkItem = (item: JsonObject, path: Path): void => {
  if (isMessage(item)) checkMessage(item, path);
  else checkParts(item['output'], [...path, 'output']);
};
