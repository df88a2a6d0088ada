import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { type Calls, noteCall, noting, watchUpstream } from './calls.ts';
import { memoryTable } from './memory-table.ts';

/*
 * The submit function in one process, behind the barest HTTP server and on a table in memory: no gateway,
 * no Lambda, no store, and as many requests at once as come. From its sources, so that its table's client
 * can be taken out; the bundle is the same code. Run with the function's variables; prints its port.
 */

type Head = { readonly statusCode: number; readonly headers: Record<string, string> };

const underWay = new WeakMap<ServerResponse, Calls>();

/** What the request has called goes along in a header. */
const from = (response: ServerResponse, { statusCode, headers }: Head): ServerResponse => {
  const calls = underWay.get(response) ?? [];
  response.writeHead(statusCode, { ...headers, 'x-bench-calls': calls.join(', ') });
  return response;
};

Reflect.set(globalThis, 'awslambda', {
  streamifyResponse: (handler: unknown) => handler,
  HttpResponseStream: { from },
});

Reflect.set(DynamoDBClient.prototype, 'send', memoryTable(noteCall));
watchUpstream();
const { handler }: { handler: unknown } = await import('../../functions/submit.ts');
if (typeof handler !== 'function') throw new TypeError('The function has no handler.');

const endsMs = 900_000;

const eventOf = (url: string, headers: Record<string, string>, body: string) => ({
  resource: url,
  path: url,
  httpMethod: 'POST',
  headers,
  multiValueHeaders: Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, [value]]),
  ),
  queryStringParameters: null,
  multiValueQueryStringParameters: null,
  pathParameters: null,
  requestContext: {
    requestId: randomUUID(),
    domainName: 'bench.example',
    path: url,
    authorizer: {
      principalId: 'bench',
      keyId: 'key_1',
      tenant: 'bench',
      scopes: 'generate read',
      limits: '{}',
    },
  },
  body,
  isBase64Encoded: false,
});

const server = createServer((request, response) => {
  const { url = '/', headers } = request;
  const given = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, String(value)]),
  );
  const deadlineMs = Date.now() + endsMs;
  const context = {
    awsRequestId: randomUUID(),
    getRemainingTimeInMillis: () => deadlineMs - Date.now(),
  };
  const calls: Calls = [];
  underWay.set(response, calls);
  noting(calls, async () => {
    const event = eventOf(url, given, await text(request));
    await Reflect.apply(handler, undefined, [event, response, context]);
  }).catch((fault: unknown) => response.destroy(fault instanceof Error ? fault : undefined));
});
server.keepAliveTimeout = 60_000;
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  console.log(`ready ${typeof address === 'object' && address !== null ? address.port : ''}`);
});
