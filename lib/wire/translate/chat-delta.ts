import type { ChatChoice } from '../chat/chunk.ts';
import { isJsonObject, objectsOf, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

/** What one chunk adds to an answer, by kind. */
export type ChatDelta = {
  readonly reasoning: string;
  readonly text: string;
  readonly logprobs: readonly JsonObject[];
  readonly refusal: string;
  readonly annotations: readonly JsonObject[];
  readonly calls: readonly JsonObject[];
};

const joined = (parts: readonly JsonObject[], type: string): string =>
  parts
    .filter((part) => part['type'] === type)
    .map((part) => {
      const said = part[type];
      return typeof said === 'string' ? said : joined(objectsOf(said), 'text');
    })
    .join('');

/** Mistral's reasoning models send parts: `thinking`, which holds text parts again, and `text`. */
const contentOf = (content: unknown) => {
  const parts = objectsOf(content);
  return {
    text: typeof content === 'string' ? content : joined(parts, 'text'),
    thinking: joined(parts, 'thinking'),
  };
};

const token = (logprob: JsonObject): JsonObject => ({
  token: logprob['token'],
  logprob: logprob['logprob'],
  bytes: logprob['bytes'] ?? [],
});

const logprobsOf = (logprobs: unknown): readonly JsonObject[] =>
  isJsonObject(logprobs)
    ? objectsOf(logprobs['content']).map((logprob) => ({
        ...token(logprob),
        top_logprobs: objectsOf(logprob['top_logprobs']).map(token),
      }))
    : [];

/** Chat wraps what a citation says in a field of its type's name; Responses does not. */
const annotationOf = (annotation: JsonObject): JsonObject => {
  const type = stringOf(annotation['type']) ?? '';
  const { [type]: wrapped } = annotation;
  return isJsonObject(wrapped) ? { type, ...wrapped } : annotation;
};

/**
 * Reasoning is `reasoning_content` with DeepSeek, SGLang and earlier vLLM, `reasoning` with OpenRouter,
 * Ollama and later vLLM; those that send both send the same twice.
 */
export const readDelta = ({ delta, rest }: ChatChoice): ChatDelta => {
  const { text, thinking } = contentOf(delta['content']);
  const thought = stringOf(delta['reasoning_content']) || stringOf(delta['reasoning']) || '';
  return {
    reasoning: thought || thinking,
    text,
    logprobs: typeof delta['content'] === 'string' ? logprobsOf(rest['logprobs']) : [],
    refusal: stringOf(delta['refusal']) ?? '',
    annotations: objectsOf(delta['annotations']).map(annotationOf),
    calls: objectsOf(delta['tool_calls']),
  };
};
