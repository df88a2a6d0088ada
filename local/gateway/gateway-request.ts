import { randomBytes, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** What the gateway knows of a request before it reads the body. */
export type GatewayRequest = {
  requestId: string;
  /** The second identifier that API Gateway gives each request, sent as `x-amz-apigw-id`. */
  extendedRequestId: string;
  receivedAtMs: number;
  method: string;
  /** As it was sent, without the query. */
  path: string;
  query: URLSearchParams;
  /** Name, as it was sent, and value, in the order of the request. */
  headers: [name: string, value: string][];
  sourceIp: string;
  protocol: string;
};

/** Reads the head of an HTTP request. */
export function gatewayRequest(incoming: IncomingMessage, receivedAtMs: number): GatewayRequest {
  const target = originForm(incoming.url ?? '/');
  const queryAt = target.indexOf('?');
  return {
    requestId: randomUUID(),
    extendedRequestId: randomBytes(11).toString('base64'),
    receivedAtMs,
    method: incoming.method ?? 'GET',
    path: queryAt < 0 ? target : target.slice(0, queryAt),
    query: new URLSearchParams(queryAt < 0 ? '' : target.slice(queryAt + 1)),
    headers: headerPairs(incoming.rawHeaders),
    sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
    protocol: `HTTP/${incoming.httpVersion}`,
  };
}

/** The last value of a header, its name in lower case; undefined when it was not sent. */
export function headerValue(request: GatewayRequest, lowerCaseName: string): string | undefined {
  return request.headers.findLast(([name]) => name.toLowerCase() === lowerCaseName)?.[1];
}

// A client of a proxy sends the whole URL: https://www.rfc-editor.org/rfc/rfc9112#section-3.2.2
function originForm(target: string): string {
  if (target.startsWith('/')) return target;
  const path = /^[a-z][a-z0-9+.-]*:\/\/[^/?]*(.*)$/i.exec(target)?.[1] ?? '';
  return path.startsWith('/') ? path : `/${path}`;
}

function headerPairs(rawHeaders: readonly string[]): [string, string][] {
  const pairs: [string, string][] = [];
  for (let index = 0; index + 1 < rawHeaders.length; index += 2) {
    pairs.push([rawHeaders[index] ?? '', rawHeaders[index + 1] ?? '']);
  }
  return pairs;
}
