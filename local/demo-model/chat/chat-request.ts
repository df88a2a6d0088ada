import { type Ask, parseAsked } from '../ask.ts';
import { isJsonObject } from '../json.ts';
import { checkDecimals, parseFlag, parseTokenLimit } from '../numbers.ts';
import { missing, type Parsed, refusal, refused, wrongType } from '../refusal.ts';
import { countTokens, imageTokens } from '../text.ts';
import { parseMessageText } from './message-text.ts';

/** The parts of a chat completions body that the demo model acts on. */
export interface ChatRequest {
  readonly model: string;
  readonly ask: Ask;
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
  if (model === undefined) {
    return refused('A model parameter is required.', 'model', 'missing_required_parameter');
  }
  if (typeof model !== 'string') return wrongType('model', 'a string', model);
  const messages = parseMessages(body['messages']);
  if (messages.kind === 'refused') return messages;
  const asked = parseAsked(body, { functionField: 'function', format: body['response_format'] });
  if (asked.kind === 'refused') return asked;
  const numbers = parseNumbers(body);
  if (numbers.kind === 'refused') return numbers;
  const stream = parseStream(body);
  if (stream.kind === 'refused') return stream;
  const { promptTokens, ...said } = messages.value;
  const ask = { ...said, ...asked.value };
  return {
    kind: 'parsed',
    value: { model, ask, promptTokens, ...numbers.value, ...stream.value },
  };
}

type Messages = Pick<Ask, 'message' | 'toolResult'> & Pick<ChatRequest, 'promptTokens'>;

function parseMessages(messages: unknown): Parsed<Messages> {
  if (messages === undefined) return missing('messages');
  if (!Array.isArray(messages)) return wrongType('messages', 'an array of objects', messages);
  if (messages.length === 0) {
    return refused("Invalid 'messages': the array is empty.", 'messages', 'empty_array');
  }
  let promptTokens = tokensPerPrompt;
  let lastText = '';
  let lastUserText: string | null = null;
  let toolResult: string | null = null;
  for (const [index, message] of messages.entries()) {
    const parsed = parseMessageText(message, `messages[${index}]`);
    if (parsed.kind === 'refused') return parsed;
    const { role, text, images } = parsed.value;
    promptTokens += tokensPerMessage + countTokens(text) + images * imageTokens;
    lastText = text;
    if (role === 'user') {
      lastUserText = text;
      toolResult = null;
    }
    if (role === 'tool' || role === 'function') toolResult = text;
  }
  return { kind: 'parsed', value: { message: lastUserText ?? lastText, toolResult, promptTokens } };
}

function parseNumbers(body: Record<string, unknown>): Parsed<Pick<ChatRequest, 'maxTokens'>> {
  const decimals = checkDecimals(body);
  if (decimals.kind === 'refused') return decimals;
  if ((body['n'] ?? 1) !== 1) {
    return refused("The demo model gives one choice: 'n' must be 1.", 'n', 'unsupported_value');
  }
  const given = (['max_completion_tokens', 'max_tokens'] as const).filter(
    (param) => (body[param] ?? null) !== null,
  );
  if (given.length > 1) {
    return refused("Set 'max_completion_tokens' or 'max_tokens', not both.", 'max_tokens');
  }
  const maxTokens = parseTokenLimit(body, given[0] ?? 'max_completion_tokens');
  if (maxTokens.kind === 'refused') return maxTokens;
  return { kind: 'parsed', value: { maxTokens: maxTokens.value } };
}

function parseStream(
  body: Record<string, unknown>,
): Parsed<Pick<ChatRequest, 'stream' | 'includeUsage'>> {
  const stream = parseFlag(body, 'stream');
  if (stream.kind === 'refused') return stream;
  const options = body['stream_options'] ?? null;
  if (options === null) {
    return { kind: 'parsed', value: { stream: stream.value, includeUsage: false } };
  }
  if (!isJsonObject(options)) return wrongType('stream_options', 'an object', options);
  if (!stream.value) {
    return refused("'stream_options' is only allowed when 'stream' is true.", 'stream_options');
  }
  const includeUsage = options['include_usage'] ?? false;
  if (typeof includeUsage !== 'boolean') {
    return wrongType('stream_options.include_usage', 'a boolean', includeUsage);
  }
  return { kind: 'parsed', value: { stream: stream.value, includeUsage } };
}
