import type { IncomingMessage } from 'node:http';
import type { Prelude } from './invocation.ts';
import { preludeLimitBytes } from './quotas.ts';

/** The content type of an answer that opens with a JSON prelude and eight NUL bytes. */
export const preludeContentType = 'application/vnd.awslambda.http-integration-response';

const delimiter = Buffer.alloc(8);

/** The opening of a streamed answer: its prelude and what had come of the body, or why there is none. */
export type Opening =
  | { kind: 'opened'; prelude: Prelude; rest: Buffer }
  | { kind: 'ended'; received: Buffer }
  | { kind: 'unreadable'; why: string };

/**
 * Takes chunks from `source` up to the delimiter. `ended` when the answer closed before it, so that
 * its trailers can say why.
 */
export async function readOpening(source: AsyncIterator<Buffer>): Promise<Opening> {
  let received: Buffer = Buffer.alloc(0);
  for (;;) {
    const at = received.indexOf(delimiter);
    if (at >= 0) return open(received.subarray(0, at), received.subarray(at + delimiter.length));
    if (received.length > preludeLimitBytes) {
      return { kind: 'unreadable', why: `no delimiter in the first ${preludeLimitBytes} bytes` };
    }
    const next = await source.next();
    if (next.done === true) return { kind: 'ended', received };
    received = Buffer.concat([received, next.value]);
  }
}

/** Whether the answer was made with `HttpResponseStream.from`. */
export function hasPrelude(request: IncomingMessage): boolean {
  return request.headers['content-type'] === preludeContentType;
}

function open(json: Buffer, rest: Buffer): Opening {
  try {
    const value: unknown = JSON.parse(json.toString('utf8'));
    if (typeof value !== 'object' || value === null) throw new Error('the prelude is no object');
    const status = Reflect.get(value, 'statusCode') ?? 200;
    if (typeof status !== 'number') throw new Error('statusCode is no number');
    const cookies: unknown = Reflect.get(value, 'cookies') ?? [];
    if (!Array.isArray(cookies)) throw new Error('cookies is no list');
    const multiValueHeaders = Reflect.get(value, 'multiValueHeaders');
    const prelude: Prelude = {
      statusCode: status,
      headers: mapValues(Reflect.get(value, 'headers') ?? {}, String),
      cookies: cookies.map(String),
      ...(multiValueHeaders === undefined || multiValueHeaders === null
        ? {}
        : { multiValueHeaders: mapValues(multiValueHeaders, toStrings) }),
    };
    return { kind: 'opened', prelude, rest };
  } catch (error) {
    return { kind: 'unreadable', why: String(error) };
  }
}

function mapValues<T>(object: unknown, map: (value: unknown) => T): Record<string, T> {
  if (typeof object !== 'object' || object === null || Array.isArray(object)) {
    throw new Error('headers are no object');
  }
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]));
}

function toStrings(value: unknown): string[] {
  if (!Array.isArray(value)) throw new Error('multiValueHeaders holds something else than lists');
  return value.map(String);
}
