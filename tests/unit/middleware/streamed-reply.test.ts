import { PassThrough, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import middy from '@middy/core';
import { executionModeStreamifyResponse } from '@middy/core/StreamifyResponse';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { deadline } from '../../../lib/middleware/deadline.ts';
import { http } from '../../../lib/middleware/http.ts';
import type { HttpReply, HttpRequest } from '../../../lib/wire/http.ts';
import { lambdaContext } from './lambda-context.ts';
import { proxyEvent } from './proxy-event.ts';
import { recordedLog } from './recorded-log.ts';

const preludes: unknown[] = [];

beforeAll(() => {
  Reflect.set(globalThis, 'awslambda', {
    streamifyResponse: (handler: unknown) => handler,
    HttpResponseStream: {
      from: (stream: Writable, prelude: unknown) => {
        preludes.push(prelude);
        return stream;
      },
    },
  });
});
afterAll(() => {
  Reflect.deleteProperty(globalThis, 'awslambda');
});

/** The status line, headers and body as they arrive at the gateway. */
const stream = async (handle: (request: HttpRequest) => Promise<HttpReply>, event: unknown) => {
  const handler = middy({ executionMode: executionModeStreamifyResponse })
    .use(http({ corsOrigins: [], log: recordedLog().log }))
    .use(deadline({ reserveMs: 1_000 }))
    .handler(handle);
  const out = new PassThrough();
  const received = buffer(out);
  await Reflect.apply(handler, undefined, [event, out, lambdaContext()]);
  return { prelude: preludes.at(-1), body: (await received).toString('utf8') };
};

it('a streamed reply has its status, headers and body', async () => {
  const { prelude, body } = await stream(
    async ({ body }) => ({ status: 202, headers: { location: '/x' }, body }),
    proxyEvent(),
  );
  expect(prelude).toMatchObject({
    statusCode: 202,
    headers: { location: '/x', 'x-request-id': 'gateway-request' },
  });
  expect(JSON.parse(body)).toEqual({ prompt: 'hi' });
});

it('a streamed error is one as a buffered error is', async () => {
  const { prelude, body } = await stream(() => Promise.reject(new Error('no')), proxyEvent());
  expect(prelude).toMatchObject({ statusCode: 500 });
  expect(JSON.parse(body)).toMatchObject({ error: { code: 'internal_error' } });
});

it('a preflight is answered in a stream too', async () => {
  const { prelude, body } = await stream(
    () => Promise.reject(new Error('no')),
    proxyEvent({ httpMethod: 'OPTIONS' }),
  );
  expect(prelude).toMatchObject({ statusCode: 204 });
  expect(body).toBe('');
});

it('no character of a long streamed reply is cut in two', async () => {
  for (const shift of ['', 'a']) {
    const text = shift + '😀é'.repeat(40_000);
    const { body } = await stream(
      async () => ({ status: 200, headers: {}, body: { text } }),
      proxyEvent(),
    );
    expect(JSON.parse(body)).toEqual({ text });
  }
});

it('events are streamed as they come, whole, and nothing is sent for what has no frames', async () => {
  async function* events() {
    yield 'data: 1\n\n';
    yield '';
    yield 'data: 👩‍🚀\n\n';
  }
  const { prelude, body } = await stream(
    async () => ({
      status: 200,
      headers: { 'content-type': 'text/event-stream; charset=utf-8' },
      events: events(),
    }),
    proxyEvent(),
  );
  expect(prelude).toMatchObject({
    statusCode: 200,
    headers: { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' },
  });
  expect(body).toBe('data: 1\n\ndata: 👩‍🚀\n\n');
});
