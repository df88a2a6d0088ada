import type { UpstreamRequest } from '../ports.ts';
import type { UpstreamError } from './openai-error-body.ts';

/** What a server of the chat completions API takes for one model. */
export type Dialect = {
  readonly streams: boolean;
  readonly takesStreamOptions: boolean;
  readonly tokenLimit: 'max_tokens' | 'max_completion_tokens';
  readonly tokenLimitIsSettled: boolean;
};

/**
 * OpenAI deprecates `max_tokens`, and its reasoning models refuse it (API reference, "Create chat
 * completion"; read 2026-11). Elsewhere `max_tokens` is the name that every server knows: Ollama
 * ignores the new one without a word, which would drop the limit.
 */
export const firstDialect = (baseUrl: string | undefined): Dialect => ({
  streams: true,
  takesStreamOptions: true,
  tokenLimit:
    baseUrl === undefined || new URL(baseUrl).hostname.endsWith('.openai.com')
      ? 'max_completion_tokens'
      : 'max_tokens',
  tokenLimitIsSettled: false,
});

/** The body of `POST /chat/completions`. */
export const requestBody = (request: UpstreamRequest, dialect: Dialect) => ({
  model: request.model,
  messages: request.messages,
  ...(request.maxOutputTokens === undefined
    ? {}
    : { [dialect.tokenLimit]: request.maxOutputTokens }),
  ...(request.temperature === undefined ? {} : { temperature: request.temperature }),
  stream: dialect.streams,
  ...(dialect.streams && dialect.takesStreamOptions
    ? { stream_options: { include_usage: true } }
    : {}),
});

/**
 * Whether the error is about that field. Servers that reject unknown fields often name them in the
 * message alone ("Unrecognized request argument supplied: stream_options"), so the field's own name
 * is looked for there: the one place where a message is read, and only to ask once more without it.
 */
const names = (error: UpstreamError, field: string): boolean =>
  error.param === undefined
    ? new RegExp(`\\b${field}\\b`).test(error.message ?? '')
    : error.param === field || error.param.startsWith(`${field}.`);

/**
 * The dialect to ask again with after the server refused a request for a field that can be left
 * out or renamed; undefined when that was not the reason. Never leads back to an earlier dialect.
 */
export const adaptDialect = (
  dialect: Dialect,
  request: UpstreamRequest,
  status: number,
  error: UpstreamError,
): Dialect | undefined => {
  if (status !== 400 && status !== 422) return undefined;
  if (dialect.streams && dialect.takesStreamOptions && names(error, 'stream_options')) {
    return { ...dialect, takesStreamOptions: false };
  }
  if (dialect.streams && error.param === 'stream') return { ...dialect, streams: false };
  if (
    request.maxOutputTokens !== undefined &&
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

/** The dialects that worked, by model. Forgets them all when clients make up too many names. */
export const dialectMemory = (first: Dialect) => {
  const learned = new Map<string, Dialect>();
  return {
    recall: (model: string): Dialect => learned.get(model) ?? first,
    remember: (model: string, dialect: Dialect): void => {
      if (dialect === (learned.get(model) ?? first)) return;
      if (learned.size >= maxRemembered) learned.clear();
      learned.set(model, dialect);
    },
  };
};
