import { arrayOf, entryOf, isJsonObject } from '../json-object.ts';
import type { JsonObject } from '../production.ts';
import { refuseOthers, untranslatable } from './untranslatable.ts';

/** What becomes of a field that is set: fields of the chat request, or a Fault that refuses it. */
type Rule = (value: unknown, field: string) => JsonObject;

const same: Rule = (value, field) => ({ [field]: value });
/** Done by us, whatever the upstream. */
const ours: Rule = () => ({});
const as =
  (name: string): Rule =>
  (value) => ({ [name]: value });
const refused =
  (why = 'the field is not available'): Rule =>
  (_, field) => {
    throw untranslatable([field], why);
  };
const only =
  (allowed: unknown): Rule =>
  (value, field) => {
    if (value === allowed) return {};
    throw untranslatable([field], `only ${JSON.stringify(allowed)} is available`);
  };
/** Chat's name for a field of ours, or one that we set ourselves. */
const instead = (name: string): Rule =>
  refused(`give '${name}' instead; the field is not available`);

const format = (value: JsonObject): JsonObject => {
  const path = ['text', 'format'];
  switch (value['type']) {
    case 'text':
      return {};
    case 'json_object':
      refuseOthers(value, ['type'], path);
      return { response_format: { type: 'json_object' } };
    case 'json_schema': {
      const { type, ...json_schema } = value;
      refuseOthers(json_schema, ['name', 'description', 'schema', 'strict'], path);
      return { response_format: { type, json_schema } };
    }
    default:
      throw untranslatable([...path, 'type'], 'this form of output is not available');
  }
};

const text: Rule = (value) => {
  if (!isJsonObject(value)) return {};
  refuseOthers(value, ['format', 'verbosity'], ['text']);
  return {
    ...(isJsonObject(value['format']) ? format(value['format']) : {}),
    ...(value['verbosity'] == null ? {} : { verbosity: value['verbosity'] }),
  };
};

const reasoning: Rule = (value) => {
  if (!isJsonObject(value)) return {};
  refuseOthers(value, ['effort'], ['reasoning']);
  return value['effort'] == null ? {} : { reasoning_effort: value['effort'] };
};

/** Input images are shown with the input items whether asked for or not. */
const includes: Readonly<Record<string, JsonObject>> = {
  'message.output_text.logprobs': { logprobs: true },
  'message.input_image.image_url': {},
};

const merged = (objects: readonly JsonObject[]): JsonObject =>
  Object.fromEntries(objects.flatMap((object) => Object.entries(object)));

const include: Rule = (value) =>
  merged(
    arrayOf(value).map((name, index) => {
      const wanted = entryOf(includes, String(name));
      if (wanted !== undefined) return wanted;
      throw untranslatable(['include', index], `${JSON.stringify(name)} is not available`);
    }),
  );

const topLogprobs: Rule = (value) => (value === 0 ? {} : { logprobs: true, top_logprobs: value });

/** No padding is added here, so only a client that wants it would miss it. */
const streamOptions: Rule = (value) => {
  if (!isJsonObject(value)) return {};
  const harmless = value['include_obfuscation'] === false ? ['include_obfuscation'] : [];
  refuseOthers(value, harmless, ['stream_options']);
  return {};
};

/**
 * Every field of a Responses request (OpenAI's API reference, "Create a model response"; read
 * 2026-11), then those that only a chat request has and that would get in the way of the translation.
 * A field that is in neither list passes: servers have parameters of their own.
 */
const rules: ReadonlyMap<string, Rule> = new Map<string, Rule>([
  ['model', ours],
  ['input', ours],
  ['instructions', ours],
  ['previous_response_id', ours],
  ['background', ours],
  ['store', ours],
  ['stream', ours],
  ['metadata', ours],
  ['tools', ours],
  ['tool_choice', ours],
  ['parallel_tool_calls', ours],
  ['stream_options', streamOptions],
  ['max_output_tokens', as('max_completion_tokens')],
  ['reasoning', reasoning],
  ['text', text],
  ['include', include],
  ['top_logprobs', topLogprobs],
  ['truncation', only('disabled')],
  ['temperature', same],
  ['top_p', same],
  ['presence_penalty', same],
  ['frequency_penalty', same],
  ['service_tier', same],
  ['user', same],
  ['safety_identifier', same],
  ['prompt_cache_key', same],
  ['prompt_cache_options', same],
  ['prompt_cache_retention', same],
  ['access_programs', refused()],
  ['context_management', refused()],
  ['conversation', refused()],
  ['image', refused()],
  ['max_tool_calls', refused()],
  ['moderation', refused()],
  ['prompt', refused()],

  ['messages', instead('input')],
  ['max_tokens', instead('max_output_tokens')],
  ['max_completion_tokens', instead('max_output_tokens')],
  ['response_format', instead('text.format')],
  ['verbosity', instead('text.verbosity')],
  ['reasoning_effort', instead('reasoning.effort')],
  ['logprobs', instead('top_logprobs')],
  ['functions', instead('tools')],
  ['function_call', instead('tool_choice')],
  ['n', only(1)],
  ['modalities', refused()],
  ['audio', refused()],
]);

/**
 * The fields of a chat request that are neither messages nor tools. Nothing that is set is dropped:
 * it is translated, done by us, or refused with Fault `invalid_value`.
 */
export const chatSettings = (body: JsonObject): JsonObject =>
  merged(
    Object.entries(body)
      .filter(([, value]) => value !== null && value !== undefined)
      .map(([field, value]) => (rules.get(field) ?? same)(value, field)),
  );
