import { type Ask, parseAsked } from '../ask.ts';
import { isJsonObject } from '../json.ts';
import { checkDecimals, parseFlag, parseTokenLimit } from '../numbers.ts';
import { missing, type Parsed, refusal, refused, wrongType } from '../refusal.ts';
import { type Input, parseInput } from './parse-input.ts';

/** The parts of a responses body that the demo model acts on, and the body itself. */
export interface ResponsesRequest {
  readonly body: Readonly<Record<string, unknown>>;
  readonly bodyBytes: number;
  readonly model: string;
  readonly ask: Ask;
  readonly input: Input;
  /** Of this request and of the conversation it goes on with. */
  readonly inputTokens: number;
  readonly maxTokens: number | null;
  readonly stream: boolean;
  readonly background: boolean;
  readonly store: boolean;
  /** Whether reasoning is shown as a summary. */
  readonly summarized: boolean;
  /** Whether reasoning comes with its encrypted form. */
  readonly encrypted: boolean;
}

/**
 * Reads a responses body. Refused as OpenAI does, with the parameter at fault, when a known field
 * has the wrong type or range; fields it does not know are let through. `conversationTokens` counts
 * a stored response and its input; null when there is none of that id.
 */
export function parseResponsesRequest(
  body: unknown,
  conversationTokens: (id: string) => number | null,
): Parsed<ResponsesRequest> {
  if (!isJsonObject(body)) {
    return { kind: 'refused', refusal: refusal(400, 'The body must be a JSON object.') };
  }
  const { model, text = null, reasoning = null, include } = body;
  if (model === undefined) return missing('model');
  if (typeof model !== 'string') return wrongType('model', 'a string', model);
  const input = parseInput(body['input']);
  if (input.kind === 'refused') return input;
  if (text !== null && !isJsonObject(text)) return wrongType('text', 'an object', text);
  if (reasoning !== null && !isJsonObject(reasoning)) {
    return wrongType('reasoning', 'an object', reasoning);
  }
  const instructions = body['instructions'] ?? '';
  if (typeof instructions !== 'string') {
    return wrongType('instructions', 'a string', instructions);
  }
  const asked = parseAsked(body, { functionField: null, format: text?.['format'] });
  if (asked.kind === 'refused') return asked;
  const decimals = checkDecimals(body);
  if (decimals.kind === 'refused') return decimals;
  const maxTokens = parseTokenLimit(body, 'max_output_tokens');
  if (maxTokens.kind === 'refused') return maxTokens;
  const mode = parseMode(body);
  if (mode.kind === 'refused') return mode;
  const earlier = earlierTokens(body['previous_response_id'] ?? null, conversationTokens);
  if (earlier.kind === 'refused') return earlier;
  const { message, toolResult, tokens } = input.value;
  return {
    kind: 'parsed',
    value: {
      body,
      bodyBytes: JSON.stringify(body).length,
      model,
      ask: { message, toolResult, ...asked.value },
      input: input.value,
      inputTokens: tokens + earlier.value + instructions.split(/\s+/).filter(Boolean).length,
      maxTokens: maxTokens.value,
      ...mode.value,
      summarized: (reasoning?.['summary'] ?? null) !== null,
      encrypted: Array.isArray(include) && include.includes('reasoning.encrypted_content'),
    },
  };
}

type Mode = Pick<ResponsesRequest, 'stream' | 'background' | 'store'>;

function parseMode(body: Record<string, unknown>): Parsed<Mode> {
  const stream = parseFlag(body, 'stream');
  if (stream.kind === 'refused') return stream;
  const background = parseFlag(body, 'background');
  if (background.kind === 'refused') return background;
  const store = parseFlag(body, 'store', true);
  if (store.kind === 'refused') return store;
  if (background.value && !store.value) {
    return refused("'background' needs the response to be stored: 'store' must be true.", 'store');
  }
  const value = { stream: stream.value, background: background.value, store: store.value };
  return { kind: 'parsed', value };
}

function earlierTokens(
  id: unknown,
  conversationTokens: (id: string) => number | null,
): Parsed<number> {
  if (id === null) return { kind: 'parsed', value: 0 };
  if (typeof id !== 'string') return wrongType('previous_response_id', 'a string', id);
  const tokens = conversationTokens(id);
  if (tokens !== null) return { kind: 'parsed', value: tokens };
  return refused(
    `Previous response with id '${id.slice(0, 100)}' not found.`,
    'previous_response_id',
    'previous_response_not_found',
  );
}
