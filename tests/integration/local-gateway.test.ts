import { once } from 'node:events';
import { createServer, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import * as z from 'zod';
import { createGateway } from '../../local/gateway/gateway.ts';
import { type LocalServer, openLocalServer } from '../../local/gateway/local-server.ts';
import { type LocalLambda, startLambda } from '../../local/lambda/lambda.ts';
import { readStack, type Stack } from '../../local/template/stack.ts';
import { fixtureTemplate } from '../fixtures/local-gateway/template.ts';

const eventSchema = z.looseObject({
  headers: z.record(z.string(), z.string()),
  requestContext: z.looseObject({ authorizer: z.record(z.string(), z.unknown()).optional() }),
});

let lambda: LocalLambda;
let server: LocalServer;
let stack: Stack;
let baseUrl: string;
const faults: unknown[] = [];

beforeAll(async () => {
  stack = readStack(JSON.stringify(fixtureTemplate()), {
    accountId: '000000000000',
    region: 'us-east-1',
    stackName: 'fixture',
    queueEndpoint: 'http://127.0.0.1:1',
  });
  const bundleDir = path.resolve('tests/fixtures/local-gateway');
  const specs = stack.functions.map(({ maxConcurrency, ...spec }) => ({ ...spec, bundleDir }));
  lambda = await startLambda(specs, {});
  server = await openLocalServer(0);
  server.serve(createGateway(stack.api, lambda, (fault) => faults.push(fault)));
  baseUrl = `http://127.0.0.1:${server.port}`;
});

afterAll(async () => {
  await server.close();
  await lambda.close();
  expect(faults).toEqual([]);
});

const post = (route: string, init: RequestInit = {}) =>
  fetch(`${baseUrl}${route}`, { method: 'POST', ...init });

/** The invocations of a function so far. */
const invocations = (name: string) =>
  lambda.status().find((status) => status.name === name)?.invocations ?? 0;

test('a function gets the whole event of a proxy integration', async () => {
  const response = await post('/echo?a=1&a=2&b=', { body: '{"x":"é"}', headers: { 'X-Two': 'v' } });
  const event = eventSchema.parse(await response.json());
  expect(event).toMatchObject({
    resource: '/echo',
    path: '/echo',
    httpMethod: 'POST',
    queryStringParameters: { a: '2', b: '' },
    multiValueQueryStringParameters: { a: ['1', '2'], b: [''] },
    pathParameters: null,
    stageVariables: null,
    body: '{"x":"é"}',
    isBase64Encoded: false,
    requestContext: {
      stage: 'test',
      path: '/echo',
      resourcePath: '/echo',
      domainName: `127.0.0.1:${server.port}`,
      identity: { sourceIp: '127.0.0.1' },
      requestId: response.headers.get('x-amzn-requestid'),
    },
  });
  expect(Object.keys(event.headers).map((name) => name.toLowerCase())).not.toContain('connection');
});

test('a function’s headers are passed on, and those of the connection are not', async () => {
  const response = await post('/echo');
  expect(response.status).toBe(200);
  expect(response.headers.get('x-echo')).toBe('one');
  expect(response.headers.getSetCookie()).toEqual(['a=1', 'b=2']);
  expect(response.headers.get('x-amzn-remapped-date')).toBe('yesterday');
  expect(response.headers.get('x-amzn-remapped-content-length')).toBe('1');
  expect(response.headers.get('content-type')).toBe('application/json');
  await response.text();
});

test('a body of a binary type reaches the function in base64', async () => {
  const body = new Uint8Array([0, 255, 128]);
  const response = await post('/echo', { body, headers: { 'Content-Type': 'image/png' } });
  expect(await response.json()).toMatchObject({ body: 'AP+A', isBase64Encoded: true });
});

test('a method without its own integration goes to ANY, and path parameters stay encoded', async () => {
  expect((await fetch(`${baseUrl}/echo`)).status).toBe(502);
  const job = await (await fetch(`${baseUrl}/jobs/a%2Fb%20c/`)).json();
  expect(job).toMatchObject({ resource: '/jobs/{id}', pathParameters: { id: 'a%2Fb%20c' } });
  const file = await (await fetch(`${baseUrl}/files/a/b`)).json();
  expect(file).toMatchObject({ resource: '/files/{rest+}', pathParameters: { rest: 'a/b' } });
});

test('an unknown route and a malformed path are refused by the gateway', async () => {
  const unknown = await fetch(`${baseUrl}/nowhere`);
  expect(unknown.status).toBe(404);
  expect(await unknown.json()).toEqual({ message: 'Missing Authentication Token' });
  expect((await fetch(`${baseUrl}/jobs/%zz`)).status).toBe(400);
  expect((await fetch(`${baseUrl}/jobs`)).status).toBe(404);
});

test('a failed function tells the client nothing of its error', async () => {
  for (const route of [
    '/broken',
    '/jobs/latest',
    '/stream?kind=broken',
    '/stream?kind=bad-head',
    '/mixed',
  ]) {
    const response = await fetch(`${baseUrl}${route}`);
    expect([route, response.status]).toEqual([route, 502]);
    expect(await response.text()).toBe('{"kind":"INTEGRATION_FAILURE"}');
  }
});

test.each(['slow', 'late'])(
  'an integration that outlasts its time is refused, and /%s runs on',
  async (name) => {
    await lambda.warm(name);
    const response = await fetch(`${baseUrl}/${name}`);
    expect(response.status).toBe(504);
    expect(await response.json()).toEqual({ kind: 'INTEGRATION_TIMEOUT' });
    const { sandboxes } = lambda.status().find((status) => status.name === name) ?? {};
    expect(sandboxes?.some(({ busy }) => busy)).toBe(true);
    await vi.waitUntil(
      () => !lambda.status().some((status) => status.sandboxes.some((s) => s.busy)),
      {
        timeout: 60_000,
      },
    );
  },
);

test('a body over 10 MB is refused, and so is an event over 6 MB', async () => {
  for (const bodyBytes of [10 * 1024 * 1024 + 1, 7 * 1024 * 1024]) {
    const response = await post('/echo', { body: 'x'.repeat(bodyBytes) });
    expect(response.status).toBe(413);
    expect(await response.json()).toEqual({ message: 'Request Too Long' });
  }
});

test('a request without a token is refused before the authorizer is asked', async () => {
  const before = invocations('authorize');
  const response = await post('/keyed', { headers: { 'X-Sent': 'back' } });
  expect(response.status).toBe(401);
  expect(response.headers.get('www-authenticate')).toBe('Bearer');
  expect(response.headers.get('x-echo')).toBe('back');
  const requestId = response.headers.get('x-request-id');
  expect(await response.json()).toEqual({ error: { message: 'Unauthorized', id: requestId } });
  expect(invocations('authorize')).toBe(before);
});

test.each([
  ['unauthorized', 401, /Unauthorized/],
  ['deny', 403, /{"who":"tenant-1"}/],
  ['other', 403, /{"who":"tenant-1"}/],
  ['failing', 500, /AUTHORIZER_FAILURE/],
  ['malformed', 500, /AUTHORIZER_CONFIGURATION_ERROR/],
])('the authorizer’s answer to the token "%s" becomes %i', async (token, status, body) => {
  const response = await post('/keyed', { headers: { Authorization: token } });
  expect(response.status).toBe(status);
  expect(await response.text()).toMatch(body);
});

test('an authorizer’s answer is kept for its token, and its context reaches the function', async () => {
  const contextOf = async (token: string) => {
    const response = await post('/keyed', { headers: { Authorization: token } });
    const { requestContext } = eventSchema.parse(await response.json());
    return requestContext.authorizer;
  };
  const first = await contextOf('one');
  expect(first).toMatchObject({ principalId: 'tenant-1', limit: '5', trusted: 'true' });
  expect(await contextOf('one')).toEqual(first);
  expect((await contextOf('two'))?.['askedAt']).not.toBe(first?.['askedAt']);
});

/** A server whose only answer is held until `open` is called. */
async function startGate() {
  const gate = createServer();
  gate.listen(0, '127.0.0.1');
  await once(gate, 'listening');
  const address = gate.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const asked = once(gate, 'request');
  return {
    url: `http://127.0.0.1:${port}/`,
    async open() {
      const [, response] = await asked;
      response.end();
      gate.close();
      gate.closeAllConnections();
    },
  };
}

test('a streamed response reaches the client as it is written', async () => {
  const gate = await startGate();
  const response = await fetch(`${baseUrl}/stream?gate=${encodeURIComponent(gate.url)}`);
  expect(response.status).toBe(201);
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  expect(response.headers.getSetCookie()).toEqual(['s=1']);
  expect(response.headers.get('x-request-id')).toBe(response.headers.get('x-amzn-requestid'));
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  expect((await reader?.read())?.value).toBe('data: one\n\n');
  await gate.open();
  expect((await reader?.read())?.value).toBe('data: two\n\n');
  expect((await reader?.read())?.done).toBe(true);
});

test('a function that fails in mid-stream cuts the connection', async () => {
  const response = await fetch(`${baseUrl}/stream?kind=cut`);
  expect(response.status).toBe(201);
  await expect(response.text()).rejects.toThrow();
});

test('a client that leaves does not stop the function', async () => {
  const gate = await startGate();
  const leaving = new AbortController();
  const url = `${baseUrl}/stream?gate=${encodeURIComponent(gate.url)}`;
  const response = await fetch(url, { signal: leaving.signal });
  expect(response.status).toBe(201);
  leaving.abort();
  await expect(response.text()).rejects.toThrow();
  const busy = () =>
    lambda
      .status()
      .find(({ name }) => name === 'streamed')
      ?.sandboxes.some((s) => s.busy);
  expect(busy()).toBe(true);
  await gate.open();
  await vi.waitUntil(() => busy() === false, { timeout: 60_000 });
  expect((await fetch(`${baseUrl}/stream`)).status).toBe(201);
});

/** The status line and body of a request sent as it is written here. */
async function raw(text: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port: server.port });
  socket.setEncoding('utf8');
  socket.write(text);
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}

test('a Host that is not a loopback name is refused before anything else', async () => {
  const refused = await raw(
    'GET /_local/status HTTP/1.1\r\nHost: evil.example:3000\r\nConnection: close\r\n\r\n',
  );
  expect(refused).toMatch(/^HTTP\/1.1 403 /);
  expect(refused).toContain('"code":"host_not_allowed"');
  const { promise, resolve } = Promise.withResolvers<number | undefined>();
  httpRequest(
    `${baseUrl}/echo`,
    { method: 'POST', headers: { Host: 'localhost:99' } },
    (response) => {
      response.resume();
      resolve(response.statusCode);
    },
  ).end();
  expect(await promise).toBe(200);
});

test('what is not HTTP is answered in the error shape', async () => {
  const malformed = await raw('NOT HTTP AT ALL\r\n\r\n');
  expect(malformed).toMatch(/^HTTP\/1.1 400 /);
  expect(malformed).toContain('"code":"malformed_request"');
  const long = await raw(
    `GET / HTTP/1.1\r\nHost: localhost\r\nX-Long: ${'x'.repeat(20_000)}\r\n\r\n`,
  );
  expect(long).toMatch(/^HTTP\/1.1 431 /);
});

test('a port that is taken is told in one line', async () => {
  await expect(openLocalServer(server.port)).rejects.toThrow(
    `Port ${server.port} is in use: set PORT to another, e.g. PORT=3001 npm start`,
  );
});
