import { isJsonObject, without } from '../wire/json-object.ts';
import type { JsonObject, UpstreamCall } from '../wire/production.ts';
import type { UpstreamError } from './openai-error-body.ts';

/** What a server takes for one model in one of the protocols. */
export type Dialect = {
  readonly streams: boolean;
  readonly takesStreamOptions: boolean;
  readonly tokenLimit: 'max_tokens' | 'max_completion_tokens';
  readonly tokenLimitIsSettled: boolean;
};

const tokenLimits = ['max_tokens', 'max_completion_tokens'] as const;

/** Whether the server is OpenAI's own, which an absent URL means too. */
export const isOpenai = (baseUrl: string | undefined): boolean =>
  baseUrl === undefined || new URL(baseUrl).hostname.endsWith('.openai.com');

/**
 * OpenAI deprecates `max_tokens`, and its reasoning models refuse it (API reference, "Create chat
 * completion"; read 2026-11). Elsewhere `max_tokens` is the name that every server knows: Ollama
 * ignores the new one without a word, which would drop the limit.
 */
export const firstDialect = (baseUrl: string | undefined): Dialect => ({
  streams: true,
  takesStreamOptions: true,
  tokenLimit: isOpenai(baseUrl) ? 'max_completion_tokens' : 'max_tokens',
  tokenLimitIsSettled: false,
});

/** The one limit that the body sets; undefined too when it sets both, which is left as it is. */
const tokenLimitOf = (body: JsonObject): (typeof tokenLimits)[number] | undefined => {
  const set = tokenLimits.filter((name) => (body[name] ?? null) !== null);
  return set.length === 1 ? set[0] : undefined;
};

const chatBody = (body: JsonObject, dialect: Dialect): JsonObject => {
  const given = tokenLimitOf(body);
  const rest = without(body, 'stream_options', ...(given === undefined ? [] : tokenLimits));
  const options = body['stream_options'];
  return {
    ...rest,
    ...(given === undefined ? {} : { [dialect.tokenLimit]: body[given] }),
    stream: dialect.streams,
    ...(dialect.streams && dialect.takesStreamOptions
      ? { stream_options: { ...(isJsonObject(options) ? options : {}), include_usage: true } }
      : {}),
  };
};

/** The body of a call as the server takes it; what the dialect says nothing of goes as it came. */
export const inDialect = ({ protocol, body }: UpstreamCall, dialect: Dialect): JsonObject => {
  if (protocol === 'chat') return chatBody(body, dialect);
  return dialect.streams
    ? { ...body, stream: true }
    : { ...without(body, 'stream_options'), stream: false };
};

/**
 * Whether the error is about that field. Servers that reject unknown fields often name them in the
 * message alone ("Unrecognized request argument supplied: stream_options"), so the field's own name
 * is looked for there: the one place where a message is read, and only to ask once more without it.
 */
const names = (error: UpstreamError, field: string): boolean =>
  error.param === undefined
    ? new RegExp(`\\b${field}\\b`).test(error.message ?? '')
    : error.param === field || error.param.startsWith(`${field}.`);

/** Whether an answer of that status may be about a single field of the request. */
export const isFieldRefusal = (status: number): boolean => status === 400 || status === 422;

/**
 * The dialect to ask again with after the server refused a request for a field that can be left
 * out or renamed; undefined when that was not the reason. Never leads back to an earlier dialect.
 */
export const adaptDialect = (
  dialect: Dialect,
  { protocol, body }: UpstreamCall,
  error: UpstreamError,
): Dialect | undefined => {
  if (dialect.streams && error.param === 'stream') return { ...dialect, streams: false };
  if (protocol === 'responses') return undefined;
  if (dialect.streams && dialect.takesStreamOptions && names(error, 'stream_options')) {
    return { ...dialect, takesStreamOptions: false };
  }
  if (
    tokenLimitOf(body) !== undefined &&
    !dialect.tokenLimitIsSettled &&
    error.code !== 'invalid_value' &&
    names(error, dialect.tokenLimit)
  ) {
    return {
      ...dialect,
      tokenLimit: dialect.tokenLimit === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens',
      tokenLimitIsSettled: true,
    };
  }
  return undefined;
};

const maxRemembered = 256;

/** The dialects that worked, by protocol and model. Forgets them all when clients make up too many names. */
export const dialectMemory = (first: Dialect) => {
  const learned = new Map<string, Dialect>();
  const keyOf = ({ protocol, body }: UpstreamCall): string => `${protocol} ${body['model']}`;
  const recall = (call: UpstreamCall): Dialect => learned.get(keyOf(call)) ?? first;
  return {
    recall,
    remember: (call: UpstreamCall, dialect: Dialect): void => {
      if (dialect === recall(call)) return;
      if (learned.size >= maxRemembered) learned.clear();
      learned.set(keyOf(call), dialect);
    },
  };
};
