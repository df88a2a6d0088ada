import { expect, test } from 'vitest';
import type { Exchange } from '../../../../local/gateway/context-variables.ts';
import { renderRefusal } from '../../../../local/gateway/render-refusal.ts';
import type { CustomGatewayResponse } from '../../../../local/template/gateway-responses.ts';

const exchange = (responses: Record<string, Partial<CustomGatewayResponse>> = {}): Exchange => ({
  api: {
    id: 'local',
    accountId: '000000000000',
    region: 'us-east-1',
    stage: 'dev',
    routes: [],
    authorizers: new Map(),
    gatewayResponses: new Map(
      Object.entries(responses).map(([type, response]) => [
        type,
        { statusCode: undefined, headers: {}, templates: {}, ...response },
      ]),
    ),
    binaryMediaTypes: [],
    streamIdleMs: 300_000,
  },
  request: {
    requestId: 'request-1',
    extendedRequestId: 'extended-1',
    receivedAtMs: Date.UTC(2026, 10, 20, 7, 2, 23),
    method: 'POST',
    path: '/generate',
    query: new URLSearchParams('a=1&a=2'),
    headers: [
      ['X-Sent', 'first'],
      ['x-sent', 'last'],
    ],
    sourceIp: '127.0.0.1',
    protocol: 'HTTP/1.1',
  },
  match: undefined,
  authorizer: { tenant: 'tenant-1' },
});

test('a refusal the template says nothing of is API Gateway’s own', () => {
  expect(renderRefusal({ type: 'UNAUTHORIZED' }, exchange())).toEqual({
    statusCode: 401,
    headers: { 'Content-Type': 'application/json' },
    body: '{"message":"Unauthorized"}',
  });
});

test('the response of its class stands in for a type that has none', () => {
  const responses = {
    DEFAULT_5XX: { templates: { 'application/json': '$context.error.responseType' } },
  };
  const rendered = renderRefusal({ type: 'INTEGRATION_TIMEOUT' }, exchange(responses));
  expect(rendered).toMatchObject({ statusCode: 504, body: 'INTEGRATION_TIMEOUT' });
  expect(renderRefusal({ type: 'UNAUTHORIZED' }, exchange(responses)).statusCode).toBe(401);
});

test('the template’s status comes before the one of the refusal', () => {
  const refusal = { type: 'INTEGRATION_FAILURE', statusCode: 500 } as const;
  expect(renderRefusal(refusal, exchange()).statusCode).toBe(500);
  const responses = { INTEGRATION_FAILURE: { statusCode: 503 } };
  expect(renderRefusal(refusal, exchange(responses)).statusCode).toBe(503);
});

test('headers are literals or variables, and one without a value is left out', () => {
  const headers = {
    literal: "'it''s'",
    id: 'context.requestId',
    tenant: 'context.authorizer.tenant',
    sent: 'method.request.header.X-Sent',
    query: 'method.request.querystring.a',
    absent: 'method.request.path.id',
    unknown: 'context.nothing',
  };
  const rendered = renderRefusal(
    { type: 'ACCESS_DENIED' },
    exchange({ ACCESS_DENIED: { headers } }),
  );
  expect(rendered.headers).toEqual({
    'Content-Type': 'application/json',
    literal: "it''s",
    id: 'request-1',
    tenant: 'tenant-1',
    sent: 'last',
    query: '2',
  });
});

test('a body takes any variable, quoted only as messageString', () => {
  const template = [
    '$context.error.messageString',
    '$context.error.message',
    '$context.requestTime',
    '[$context.nothing]',
    '[$stageVariables.x]',
    '$context.requestId.',
    '$notAVariable',
  ].join('|');
  const responses = { REQUEST_TOO_LARGE: { templates: { 'text/plain': template } } };
  const refusal = { type: 'REQUEST_TOO_LARGE', message: 'say "no"' } as const;
  const rendered = renderRefusal(refusal, exchange(responses));
  expect(rendered.headers['Content-Type']).toBe('text/plain');
  expect(rendered.body).toBe(
    '"say \\"no\\""|say "no"|20/Nov/2026:07:02:23 +0000|[]|[]|request-1.|$notAVariable',
  );
});
