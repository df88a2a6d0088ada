import { ReadableStream } from 'node:stream/web';
import type { Fault } from '../errors.ts';
import { errorBody } from '../wire/error-body.ts';
import type { HttpReply } from '../wire/http.ts';

/** A reply as API Gateway's proxy integration takes it, buffered or streamed. */
export type ProxyReply = {
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Server-sent events are streamed; everything else is one text. */
  readonly body: string | ReadableStream<Uint8Array>;
};

type ReplyContext = {
  readonly requestId: string;
  readonly corsHeaders: Readonly<Record<string, string>>;
  /** A HEAD request is answered with a GET's status and headers. */
  readonly withoutBody: boolean;
};

/** What Retry-After says when the fault does not know. */
const retryAfterDefaultMs = 5_000;

/**
 * JSON in which no character is a surrogate pair. middy's streaming mode writes a body in slices of
 * 16,384 UTF-16 units, and a pair cut in two arrives as two replacement characters
 * (executionModeStreamifyResponse.js of @middy/core 7.9.2).
 */
const toJson = (value: unknown): string =>
  JSON.stringify(value).replace(
    /[\ud800-\udfff]/g,
    (half) => `\\u${half.charCodeAt(0).toString(16)}`,
  );

const encoder = new TextEncoder();

const encoded = async function* (events: AsyncIterable<string>): AsyncGenerator<Uint8Array> {
  for await (const frames of events) if (frames !== '') yield encoder.encode(frames);
};

const bodyOf = (
  reply: HttpReply,
  json: string | undefined,
  { withoutBody }: ReplyContext,
): ProxyReply['body'] => {
  if (withoutBody) return '';
  return reply.events === undefined ? (json ?? '') : ReadableStream.from(encoded(reply.events));
};

/** An HttpReply for the gateway; the body is left out when it is undefined. */
export const proxyReply = (reply: HttpReply, context: ReplyContext): ProxyReply => {
  const body = reply.body === undefined ? undefined : toJson(reply.body);
  return {
    statusCode: reply.status,
    headers: {
      ...(body === undefined ? {} : { 'content-type': 'application/json; charset=utf-8' }),
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      ...context.corsHeaders,
      ...reply.headers,
      'x-request-id': context.requestId,
    },
    body: bodyOf(reply, body, context),
  };
};

const retryAfterSeconds = ({ retry, retryAfterMs }: Fault): number => {
  const asked = retryAfterMs ?? (retry.kind === 'never' ? undefined : retry.afterMs);
  return Math.max(1, Math.ceil((asked || retryAfterDefaultMs) / 1000));
};

/** What a client is answered for a fault; with Retry-After whenever trying again later makes sense. */
export const faultReply = (fault: Fault): HttpReply => {
  const { status } = fault.reported;
  const retryLater = status === 429 || status === 503;
  return {
    status,
    headers: retryLater ? { 'retry-after': String(retryAfterSeconds(fault)) } : {},
    body: errorBody(fault),
  };
};
