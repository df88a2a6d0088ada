import { isJsonObject, jsonTypeName } from '../json.ts';
import { type Parsed, refusal, refused } from '../refusal.ts';
import { countTokens } from '../text.ts';
import { parseMessageText } from './message-text.ts';

/** The parts of a chat completions body that the demo model acts on. */
export interface ChatRequest {
  readonly model: string;
  /** Text of the last user message; of the last message when no user wrote one. */
  readonly message: string;
  readonly promptTokens: number;
  readonly maxTokens: number | null;
  readonly stream: boolean;
  readonly includeUsage: boolean;
}

// A chat format costs tokens of its own; what matters here is that they never vary.
const tokensPerMessage = 3;
const tokensPerPrompt = 3;

/**
 * Reads a chat completions body. Refused as OpenAI does, with the parameter at fault, when a known
 * field has the wrong type or range; fields it does not know are let through.
 */
export function parseChatRequest(body: unknown): Parsed<ChatRequest> {
  if (!isJsonObject(body)) {
    return { kind: 'refused', refusal: refusal(400, 'The body must be a JSON object.') };
  }
  const model = body['model'];
  if (model === undefined) return refused('A model parameter is required.', 'model', missing);
  if (typeof model !== 'string') return wrongType('model', 'a string', model);
  const messages = parseMessages(body['messages']);
  if (messages.kind === 'refused') return messages;
  const numbers = checkNumbers(body);
  if (numbers.kind === 'refused') return numbers;
  const stream = parseStream(body);
  if (stream.kind === 'refused') return stream;
  return { kind: 'parsed', value: { model, ...messages.value, ...numbers.value, ...stream.value } };
}

const missing = 'missing_required_parameter';

function wrongType(param: string, wanted: string, value: unknown) {
  const message = `Invalid type for '${param}': expected ${wanted}, got ${jsonTypeName(value)}.`;
  return refused(message, param, 'invalid_type');
}

function parseMessages(messages: unknown): Parsed<Pick<ChatRequest, 'message' | 'promptTokens'>> {
  if (messages === undefined) {
    return refused("Missing required parameter: 'messages'.", 'messages', missing);
  }
  if (!Array.isArray(messages)) return wrongType('messages', 'an array of objects', messages);
  if (messages.length === 0) {
    return refused("Invalid 'messages': the array is empty.", 'messages', 'empty_array');
  }
  let promptTokens = tokensPerPrompt;
  let lastText = '';
  let lastUserText: string | null = null;
  for (const [index, message] of messages.entries()) {
    const parsed = parseMessageText(message, `messages[${index}]`);
    if (parsed.kind === 'refused') return parsed;
    promptTokens += tokensPerMessage + countTokens(parsed.value.text);
    lastText = parsed.value.text;
    if (parsed.value.role === 'user') lastUserText = lastText;
  }
  return { kind: 'parsed', value: { message: lastUserText ?? lastText, promptTokens } };
}

/** Bounds as in OpenAI's API reference for chat completions. */
const decimalRanges = [
  ['temperature', 0, 2],
  ['top_p', 0, 1],
  ['presence_penalty', -2, 2],
  ['frequency_penalty', -2, 2],
] as const;

function checkNumbers(body: Record<string, unknown>): Parsed<Pick<ChatRequest, 'maxTokens'>> {
  for (const [param, min, max] of decimalRanges) {
    const value = body[param] ?? null;
    if (value === null) continue;
    if (typeof value !== 'number') return wrongType(param, 'a decimal number', value);
    if (value < min || value > max) {
      const message = `Invalid '${param}': must be from ${min} to ${max}.`;
      return refused(message, param, 'decimal_out_of_range');
    }
  }
  if ((body['n'] ?? 1) !== 1) {
    return refused("The demo model gives one choice: 'n' must be 1.", 'n', 'unsupported_value');
  }
  const given = (['max_completion_tokens', 'max_tokens'] as const).filter(
    (param) => (body[param] ?? null) !== null,
  );
  if (given.length > 1) {
    return refused("Set 'max_completion_tokens' or 'max_tokens', not both.", 'max_tokens');
  }
  const [param] = given;
  if (param === undefined) return { kind: 'parsed', value: { maxTokens: null } };
  const maxTokens = body[param];
  if (typeof maxTokens !== 'number' || !Number.isInteger(maxTokens)) {
    return wrongType(param, 'an integer', maxTokens);
  }
  if (maxTokens < 1) {
    return refused(`Invalid '${param}': must be 1 or more.`, param, 'integer_below_min_value');
  }
  return { kind: 'parsed', value: { maxTokens } };
}

function parseStream(
  body: Record<string, unknown>,
): Parsed<Pick<ChatRequest, 'stream' | 'includeUsage'>> {
  const stream = body['stream'] ?? false;
  if (typeof stream !== 'boolean') return wrongType('stream', 'a boolean', stream);
  const options = body['stream_options'] ?? null;
  if (options === null) return { kind: 'parsed', value: { stream, includeUsage: false } };
  if (!isJsonObject(options)) return wrongType('stream_options', 'an object', options);
  if (!stream) {
    return refused("'stream_options' is only allowed when 'stream' is true.", 'stream_options');
  }
  const includeUsage = options['include_usage'] ?? false;
  if (typeof includeUsage !== 'boolean') {
    return wrongType('stream_options.include_usage', 'a boolean', includeUsage);
  }
  return { kind: 'parsed', value: { stream, includeUsage } };
}
