import { arrayOf, isJsonObject, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import { type Path, refuseOthers, untranslatable } from './untranslatable.ts';

/** What describes a text that was put out, and says nothing to a model that reads it. */
const described: readonly string[] = ['annotations', 'logprobs'];

/** Chat has the same marks for prompt caches, with the same names. */
const cacheMark = (part: JsonObject): JsonObject =>
  part['prompt_cache_breakpoint'] == null
    ? {}
    : { prompt_cache_breakpoint: part['prompt_cache_breakpoint'] };

const textPart = (part: JsonObject, path: Path): JsonObject => {
  refuseOthers(part, ['type', 'text', 'prompt_cache_breakpoint', ...described], path);
  return { type: 'text', text: part['text'], ...cacheMark(part) };
};

const imagePart = (part: JsonObject, path: Path): JsonObject => {
  refuseOthers(part, ['type', 'image_url', 'detail', 'prompt_cache_breakpoint'], path);
  const { image_url: url, detail } = part;
  const asked = detail == null || detail === 'auto' ? {} : { detail };
  return { type: 'image_url', image_url: { url, ...asked }, ...cacheMark(part) };
};

const chatPart = (part: JsonObject, path: Path): JsonObject => {
  switch (part['type']) {
    case 'input_text':
    case 'output_text':
      return textPart(part, path);
    case 'refusal':
      refuseOthers(part, ['type', 'refusal'], path);
      return { type: 'text', text: part['refusal'] };
    case 'input_image':
      return imagePart(part, path);
    case 'input_audio':
      refuseOthers(part, ['type', 'input_audio'], path);
      return { type: 'input_audio', input_audio: part['input_audio'] };
    default:
      throw untranslatable(
        [...path, 'type'],
        `content of type ${JSON.stringify(part['type'])} cannot be sent`,
      );
  }
};

/** The content of a user's message. One text alone is a string, which every server takes. */
export const chatContent = (content: unknown, path: Path): string | readonly JsonObject[] => {
  if (typeof content === 'string') return content;
  const parts = arrayOf(content).map((part, index) =>
    chatPart(isJsonObject(part) ? part : {}, [...path, index]),
  );
  const [only] = parts;
  const text = parts.length === 1 && only !== undefined ? onlyText(only) : undefined;
  return text ?? parts;
};

const onlyText = (part: JsonObject): string | undefined =>
  part['type'] === 'text' && Object.keys(part).length === 2 ? stringOf(part['text']) : undefined;

/** The content of anybody else's message: text and nothing but text. */
export const chatText = (content: unknown, path: Path): string | readonly JsonObject[] => {
  const translated = chatContent(content, path);
  if (typeof translated === 'string') return translated;
  const other = translated.findIndex((part) => part['type'] !== 'text');
  if (other === -1) return translated;
  throw untranslatable([...path, other, 'type'], 'only text can be sent here');
};

/** All of a content's text in one string, as an assistant's message holds it. */
export const joinedText = (content: unknown, path: Path): string => {
  const translated = chatText(content, path);
  if (typeof translated === 'string') return translated;
  return translated.map((part) => stringOf(part['text']) ?? '').join('');
};
