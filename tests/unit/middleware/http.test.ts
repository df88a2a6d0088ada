import middy from '@middy/core';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod/mini';
import { Fault } from '../../../lib/errors.ts';
import { type HttpOptions, http } from '../../../lib/middleware/http.ts';
import type { HttpReply, HttpRequest } from '../../../lib/wire/http.ts';
import { invoke } from './lambda-context.ts';
import { proxyEvent } from './proxy-event.ts';
import { recordedLog } from './recorded-log.ts';

const replySchema = z.strictObject({
  statusCode: z.int(),
  headers: z.record(z.string(), z.string()),
  body: z.string(),
});
const errorSchema = z.strictObject({
  error: z.strictObject({
    message: z.string(),
    type: z.string(),
    param: z.nullable(z.string()),
    code: z.string(),
  }),
});

const echo = async (request: HttpRequest): Promise<HttpReply> => ({
  status: 200,
  headers: {},
  body: request,
});

/** A function behind the middleware, and what it logged. */
const served = (
  handle: (request: HttpRequest) => Promise<HttpReply> = echo,
  options: Partial<HttpOptions> = {},
) => {
  const { log, entries } = recordedLog();
  const handler = middy()
    .use(http({ corsOrigins: [], log, ...options }))
    .handler(handle);
  return {
    entries,
    send: async (event: unknown) => {
      const reply = replySchema.parse(await invoke(handler, event));
      const json: unknown = reply.body === '' ? undefined : JSON.parse(reply.body);
      return { ...reply, json };
    },
  };
};
const failing = (thrown: unknown) => served(() => Promise.reject(thrown));
const result = '/results/{id}';
const get = (fields: Record<string, unknown> = {}) =>
  proxyEvent({ resource: result, httpMethod: 'GET', ...fields });

describe('the request that the handler sees', () => {
  it('has its parts from the event, and the tenant, its scopes and limits from the authorizer', async () => {
    const { json } = await served().send(proxyEvent());
    expect(json).toMatchObject({
      method: 'POST',
      route: '/generate',
      path: '/generate',
      requestId: 'gateway-request',
      body: { prompt: 'hi' },
      tenant: 'acme',
      scopes: ['generate', 'read'],
      limits: { requestsPerMinute: 60 },
      baseUrl: 'https://abc.execute-api.us-east-1.amazonaws.com/dev',
    });
  });

  it('has header names in lower case and repeated headers joined', async () => {
    const { json } = await served().send(
      proxyEvent({
        headers: { 'content-type': 'application/json', Prefer: 'wait=5' },
        multiValueHeaders: {
          'Content-Type': ['application/json'],
          Prefer: ['respond-async', 'wait=5'],
        },
      }),
    );
    expect(json).toMatchObject({ headers: { prefer: 'respond-async, wait=5' } });
  });

  it('has repeated query parameters joined, so that a strict reader refuses them', async () => {
    const event = get({
      queryStringParameters: { expires: '2', a: 'x' },
      multiValueQueryStringParameters: { expires: ['1', '2'] },
    });
    const { json } = await served().send(event);
    expect(json).toMatchObject({ query: { expires: '1,2', a: 'x' } });
  });

  it('has no tenant without an authorizer, and no body where none is read', async () => {
    const { json, statusCode } = await served().send(
      get({
        body: 'not json',
        requestContext: { requestId: 'r', domainName: 'd', path: '/generate' },
      }),
    );
    expect(statusCode).toBe(200);
    expect(json).not.toHaveProperty('tenant');
    expect(json).not.toHaveProperty('body');
  });

  it('is not made for a key without the route’s scope, before its body is read', async () => {
    const authorizer = { keyId: 'key_1', tenant: 'acme', scopes: 'read', limits: '{}' };
    const { json, statusCode } = await served().send(
      proxyEvent({ body: 'not json' }, { authorizer }),
    );
    expect(statusCode).toBe(403);
    expect(json).toMatchObject({ error: { code: 'insufficient_scope' } });
  });

  it.each([{ authorizer: null }, { authorizer: undefined }])(
    'is not made on a keyed route without an authorizer: %j',
    async (context) => {
      const { json, statusCode } = await served().send(proxyEvent({}, context));
      expect(statusCode).toBe(401);
      expect(json).toMatchObject({ error: { code: 'invalid_api_key' } });
    },
  );
});

describe('a route whose POST says all by its path', () => {
  it.each(['/v1/responses/{id}/cancel', '/jobs/{id}/cancel', '/jobs/{id}/retry'])(
    '%s is taken without a body, and one of any kind is not read',
    async (resource) => {
      for (const body of [null, '', 'not json']) {
        const headers = { 'content-type': 'text/plain' };
        const { statusCode, json } = await served().send(proxyEvent({ resource, headers, body }));
        expect(statusCode).toBe(200);
        expect(json).not.toHaveProperty('body');
      }
    },
  );
});

describe('the reply', () => {
  it('carries the request id and is neither cached, sniffed nor referred from', async () => {
    const { headers, statusCode } = await served().send(proxyEvent());
    expect(statusCode).toBe(200);
    expect(headers).toEqual({
      'content-type': 'application/json; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
      'x-ratelimit-limit-requests': '60',
      'x-request-id': 'gateway-request',
    });
  });

  it('may set its own headers, but not the request id', async () => {
    const reply = {
      status: 202,
      headers: { 'cache-control': 'max-age=5', 'x-request-id': 'x' },
      body: {},
    };
    const { headers } = await served(async () => reply).send(proxyEvent());
    expect(headers).toMatchObject({
      'cache-control': 'max-age=5',
      'x-request-id': 'gateway-request',
    });
  });

  it('to HEAD is the one to GET without its body', async () => {
    const app = served();
    const { statusCode, body, headers } = await app.send(get({ httpMethod: 'HEAD' }));
    expect({ statusCode, body }).toEqual({ statusCode: 200, body: '' });
    expect(headers).toEqual((await app.send(get())).headers);
  });

  it('that is no HttpReply is a 500', async () => {
    const { statusCode } = await served(async () => Reflect.get({}, 'nothing')).send(proxyEvent());
    expect(statusCode).toBe(500);
  });
});

describe('what is refused before the handler', () => {
  it.each<[string, Record<string, unknown>, number, string]>([
    ['another method', { httpMethod: 'DELETE' }, 405, 'method_not_allowed'],
    [
      'another content type',
      { headers: { 'content-type': 'text/plain' } },
      415,
      'unsupported_media_type',
    ],
    ['no body', { body: null }, 400, 'invalid_json'],
    ['a body that is not JSON', { body: '{' }, 400, 'invalid_json'],
    ['a body over the limit', { body: `"${'a'.repeat(4 * 1024 * 1024)}"` }, 413, 'body_too_large'],
  ])('%s', async (_, fields, status, code) => {
    const app = served(() => Promise.reject(new Error('The handler ran.')));
    const { statusCode, json } = await app.send(proxyEvent(fields));
    expect(statusCode).toBe(status);
    expect(errorSchema.parse(json).error.code).toBe(code);
    expect(app.entries.map(({ level, event }) => [level, event])).toEqual([
      ['info', 'request.refused'],
    ]);
  });

  it('a method on a route that nobody knows', async () => {
    const { statusCode, headers } = await served().send(proxyEvent({ resource: '/nowhere' }));
    expect({ statusCode, allow: headers['allow'] }).toEqual({ statusCode: 405, allow: 'OPTIONS' });
  });

  it('a wrong method is told the right ones', async () => {
    const { headers } = await served().send(proxyEvent({ resource: result }));
    expect(headers).toMatchObject({ allow: 'GET, HEAD, OPTIONS' });
  });
});

describe('what is thrown', () => {
  it('a Fault is answered with its status and fields', async () => {
    const { statusCode, json } = await failing(
      new Fault('invalid_value', 'Too hot.', { param: 'temperature' }),
    ).send(proxyEvent());
    expect(statusCode).toBe(400);
    expect(json).toEqual({
      error: {
        message: 'Too hot.',
        type: 'invalid_request_error',
        param: 'temperature',
        code: 'invalid_value',
      },
    });
  });

  it('an upstream error is answered as the upstream reported it', async () => {
    const reported = { status: 429, type: 'tokens', param: null, code: 'insufficient_quota' };
    const { statusCode, json, headers } = await failing(
      new Fault('upstream_rejected', 'No money left.', { reported }),
    ).send(proxyEvent());
    expect(statusCode).toBe(429);
    expect(headers).toHaveProperty('retry-after');
    expect(errorSchema.parse(json).error).toMatchObject({
      type: 'tokens',
      code: 'insufficient_quota',
    });
  });

  it.each([
    [new Fault('store_unavailable', 'x', { retryAfterMs: 1_200 }), '2'],
    [new Fault('queue_unavailable', 'x', { retry: { kind: 'later', afterMs: 90_000 } }), '90'],
    [new Fault('upstream_unavailable', 'x', { retry: { kind: 'later', afterMs: 0 } }), '5'],
    [new Fault('store_unavailable', 'x'), '5'],
  ])('a 503 says when to try again: %s', async (fault, seconds) => {
    const { headers } = await failing(fault).send(proxyEvent());
    expect(headers).toMatchObject({ 'retry-after': seconds });
  });

  it('anything else is a 500 that tells nothing of its cause, and is logged once with it', async () => {
    const secret = new Error('the table is on fire');
    const app = failing(secret);
    const { statusCode, body, headers } = await app.send(proxyEvent());
    expect(statusCode).toBe(500);
    expect(body).not.toMatch(/fire|\.ts|at /);
    expect(headers).toHaveProperty('x-request-id', 'gateway-request');
    expect(app.entries).toMatchObject([
      {
        level: 'error',
        event: 'request.failed',
        fields: { requestId: 'gateway-request', error: { cause: secret } },
      },
    ]);
  });

  it('a refusal is logged without a word of the request', async () => {
    const app = served();
    await app.send(proxyEvent({ body: '{"prompt": "my secret' }));
    expect(JSON.stringify(app.entries)).not.toContain('secret');
  });
});

describe('a page of another origin', () => {
  const page = 'https://page.test';
  const options: Partial<HttpOptions> = { corsOrigins: [page, 'https://two.test'] };
  const from = (origin: string, more: Record<string, unknown> = {}) =>
    proxyEvent({ headers: { 'content-type': 'application/json', Origin: origin }, ...more });

  it('may read replies and errors when it is allowed', async () => {
    for (const body of ['{}', '{']) {
      const { headers } = await served(echo, options).send(from(page, { body }));
      expect(headers).toMatchObject({ 'access-control-allow-origin': page, vary: 'Origin' });
      expect(headers['access-control-expose-headers']).toContain('Retry-After');
      expect(headers['access-control-expose-headers']).toContain('Idempotent-Replayed');
    }
  });

  it('may not when it is not, and caches know that replies differ', async () => {
    for (const origin of ['https://evil.test', 'https://page.test.evil.test', 'null']) {
      const { headers } = await served(echo, options).send(from(origin));
      expect(headers).not.toHaveProperty('access-control-allow-origin');
      expect(headers).toHaveProperty('vary', 'Origin');
    }
  });

  it('is granted methods and headers by preflight', async () => {
    const { statusCode, headers, body } = await served(echo, options).send(
      proxyEvent({
        httpMethod: 'OPTIONS',
        body: null,
        headers: {
          Origin: page,
          'Access-Control-Request-Headers': 'authorization, x-stainless-os',
        },
      }),
    );
    expect({ statusCode, body }).toEqual({ statusCode: 204, body: '' });
    expect(headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'POST',
      'access-control-allow-headers': 'authorization, x-stainless-os',
    });
  });

  it('is granted the headers of the API by preflight when it names none', async () => {
    const { headers } = await served(echo, options).send(from(page, { httpMethod: 'OPTIONS' }));
    expect(headers['access-control-allow-headers']).toContain('Idempotency-Key');
  });

  it('is granted nothing by preflight when it is not allowed', async () => {
    const { statusCode, headers } = await served(echo, options).send(
      from('https://evil.test', { httpMethod: 'OPTIONS' }),
    );
    expect(statusCode).toBe(204);
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});

describe('any event', () => {
  const strange = fc.oneof(
    fc.anything(),
    fc
      .dictionary(
        fc.constantFrom(
          'httpMethod',
          'path',
          'resource',
          'headers',
          'multiValueHeaders',
          'body',
          'isBase64Encoded',
          'pathParameters',
          'requestContext',
        ),
        fc.oneof(
          fc.anything(),
          fc.constantFrom('POST', '/a/{b+}', { a: null }, { a: ['b'] }, { b: '/' }),
        ),
      )
      .map((fields) => proxyEvent(fields)),
    fc.dictionary(fc.string(), fc.string()).map((headers) => proxyEvent({ headers })),
    fc.oneof(fc.string(), fc.json()).map((body) => proxyEvent({ body })),
  );

  it('is answered, and errors have the error shape', async () => {
    const app = served(async () => ({ status: 200, headers: {}, body: {} }));
    await fc.assert(
      fc.asyncProperty(strange, async (event) => {
        const { statusCode, json, headers } = await app.send(event);
        expect(headers['x-request-id']).toEqual(expect.any(String));
        if (statusCode >= 300) errorSchema.parse(json);
      }),
    );
  });
});
