import { gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  chunkedHead,
  type Exchange,
  httpChunk,
  lastHttpChunk,
  reply,
  streamHead,
} from '../fixtures/raw-upstream.ts';
import { faultOf, outcomeOf, plainText, question, recorded, serve } from './upstream-harness.ts';

const sendWhole =
  (name: string) =>
  ({ socket }: Exchange): void => {
    socket.write(streamHead);
    socket.end(recorded(name));
  };

const keepAlive =
  (body: Buffer) =>
  ({ socket }: Exchange): void => {
    socket.write(chunkedHead);
    socket.write(httpChunk(body));
    socket.write(lastHttpChunk);
  };

const refusing = (field: string, error: object) => (exchange: Exchange) =>
  field in exchange.body
    ? exchange.socket.write(reply(400, { error }))
    : keepAlive(recorded('plain.sse'))(exchange);

for (const name of ['plain.sse', 'crlf.sse']) {
  test(`a whole stream becomes its text, finish and usage (${name})`, async () => {
    const { upstream } = await serve(sendWhole(name));
    const { events, text, finished, thrown } = await outcomeOf(upstream);
    expect(thrown).toBeUndefined();
    expect(events[0]).toEqual({ kind: 'started', model: 'plain-1-2026' });
    expect(text).toBe(plainText);
    expect(finished).toEqual({
      kind: 'finished',
      reason: 'stop',
      usage: { input_tokens: 7, output_tokens: 5, total_tokens: 12 },
    });
    expect(events.at(-1)).toBe(finished);
  });
}

test('reasoning and comments are no text, and a missing total is the sum', async () => {
  const { upstream } = await serve(sendWhole('reasoning.sse'));
  const { events } = await outcomeOf(upstream);
  expect(events).toEqual([
    { kind: 'started', model: 'thinker/r-1' },
    { kind: 'text', text: '4' },
    {
      kind: 'finished',
      reason: 'length',
      usage: { input_tokens: 3, output_tokens: 9, total_tokens: 12 },
    },
  ]);
});

test('a refusal is text', async () => {
  const { upstream } = await serve(sendWhole('refusal.sse'));
  const { text, finished } = await outcomeOf(upstream);
  expect(text).toBe('I cannot do that.');
  expect(finished?.usage).toBeUndefined();
});

test('every finish reason is read', async () => {
  const reasons = ['stop', 'length', 'content_filter', 'tool_calls', 'function_call', 'eos_token'];
  const { upstream } = await serve(({ socket }, nth) => {
    const choice = { index: 0, delta: {}, finish_reason: reasons[nth - 1] };
    socket.end(`${streamHead}data: ${JSON.stringify({ choices: [choice] })}\n\n`);
  });
  const read: unknown[] = [];
  for (const _ of reasons) read.push((await outcomeOf(upstream)).finished?.reason);
  expect(read).toEqual(['stop', 'length', 'content_filter', 'tool_calls', 'tool_calls', 'stop']);
});

test('the request carries the key, the limit, unknown message fields and the wish for usage', async () => {
  const { server, upstream } = await serve(sendWhole('plain.sse'));
  const messages = [{ role: 'user', content: 'Hi', name: 'ann', cache_control: { type: 'x' } }];
  await outcomeOf(upstream, { model: 'm-1', messages, maxOutputTokens: 9, temperature: 0.5 });
  expect(server.exchanges[0]?.headers).toMatch(/^POST \/v1\/chat\/completions HTTP/);
  expect(server.exchanges[0]?.headers).toMatch(/authorization: Bearer sk-test-1234567890/i);
  expect(server.exchanges[0]?.body).toEqual({
    model: 'm-1',
    messages,
    max_tokens: 9,
    temperature: 0.5,
    stream: true,
    stream_options: { include_usage: true },
  });
});

test('a server that needs no key is served without one, and a new key is used at once', async () => {
  const keys = [undefined, 'first', 'second'];
  const { server, upstream } = await serve(keepAlive(recorded('plain.sse')), {
    apiKey: async () => keys.shift(),
  });
  for (let i = 0; i < 3; i += 1) expect((await outcomeOf(upstream)).text).toBe(plainText);
  const sent = server.exchanges.map(({ headers }) => /Bearer (\w+)/.exec(headers)?.[1]);
  expect(sent).toEqual(['none', 'first', 'second']);
});

test('connections are kept for the next generation', async () => {
  const { server, upstream } = await serve(keepAlive(recorded('plain.sse')));
  for (let i = 0; i < 8; i += 1) expect((await outcomeOf(upstream)).text).toBe(plainText);
  // The last bytes of an answer may still be read while the next request is sent.
  const connections = new Set(server.exchanges.map(({ connection }) => connection));
  expect(connections.size).toBeLessThanOrEqual(2);
});

test('a kept connection that the server had closed is a quick retry', async () => {
  const used = new Set<number>();
  const { upstream } = await serve((exchange) => {
    if (used.has(exchange.connection)) exchange.socket.destroy();
    else keepAlive(recorded('plain.sse'))(exchange);
    used.add(exchange.connection);
  });
  let { thrown } = await outcomeOf(upstream);
  while (thrown === undefined) ({ thrown } = await outcomeOf(upstream));
  expect(thrown).toMatchObject({
    code: 'upstream_unreachable',
    retry: { kind: 'quick', afterMs: 0 },
  });
});

test('a compressed stream is read', async () => {
  const body = gzipSync(recorded('plain.sse'));
  const head = chunkedHead.replace('transfer', 'content-encoding: gzip\r\ntransfer');
  const { upstream } = await serve(({ socket }) => {
    socket.end(Buffer.concat([Buffer.from(head), httpChunk(body), Buffer.from(lastHttpChunk)]));
  });
  expect((await outcomeOf(upstream)).text).toBe(plainText);
});

const whole = {
  model: 'whole-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'All.' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};

test('a server that answers in one piece though asked to stream is read', async () => {
  const { upstream } = await serve(({ socket }) => socket.write(reply(200, whole)));
  expect((await outcomeOf(upstream)).events).toEqual([
    { kind: 'started', model: 'whole-1' },
    { kind: 'text', text: 'All.' },
    {
      kind: 'finished',
      reason: 'stop',
      usage: { input_tokens: 1, output_tokens: 2, total_tokens: 3 },
    },
  ]);
});

test('a model that refuses to stream is asked once more without, then always', async () => {
  const error = { message: 'Verify to stream.', param: 'stream', code: 'unsupported_value' };
  const { server, upstream } = await serve(({ socket, body }) =>
    socket.write(body['stream'] === true ? reply(400, { error }) : reply(200, whole)),
  );
  expect((await outcomeOf(upstream)).text).toBe('All.');
  expect((await outcomeOf(upstream)).text).toBe('All.');
  expect(server.exchanges.map(({ body }) => body['stream'])).toEqual([true, false, false]);
  expect(server.exchanges[1]?.body).not.toHaveProperty('stream_options');
  await outcomeOf(upstream, { ...question, model: 'other' });
  expect(server.exchanges[3]?.body['stream']).toBe(true);
});

const unknownField = (field: string) => ({
  message: `Unrecognized request argument supplied: ${field}`,
  type: 'invalid_request_error',
  param: null,
  code: null,
});

for (const error of [
  unknownField('stream_options'),
  { message: 'No.', param: 'stream_options.include_usage' },
]) {
  test(`stream_options are left out once refused (param ${error.param})`, async () => {
    const { server, upstream } = await serve(refusing('stream_options', error));
    expect((await outcomeOf(upstream)).text).toBe(plainText);
    expect((await outcomeOf(upstream)).text).toBe(plainText);
    expect(server.exchanges.map(({ body }) => 'stream_options' in body)).toEqual([
      true,
      false,
      false,
    ]);
  });
}

test('the token limit gets its other name once the first is refused', async () => {
  const { server, upstream } = await serve(
    refusing('max_tokens', {
      message: 'Use the other one.',
      param: 'max_tokens',
      code: 'unsupported_parameter',
    }),
  );
  const request = { ...question, maxOutputTokens: 77 };
  expect((await outcomeOf(upstream, request)).text).toBe(plainText);
  expect((await outcomeOf(upstream, request)).text).toBe(plainText);
  expect(
    server.exchanges.map(({ body }) => [body['max_tokens'], body['max_completion_tokens']]),
  ).toEqual([
    [77, undefined],
    [undefined, 77],
    [undefined, 77],
  ]);
});

test('a limit that is refused under both names is a refusal, and nothing is learned from it', async () => {
  const error = { message: 'max_tokens or max_completion_tokens is too large.', type: 'x' };
  const { server, upstream } = await serve(({ socket }) => socket.write(reply(400, { error })));
  const request = { ...question, maxOutputTokens: 77 };
  for (let i = 0; i < 2; i += 1) {
    expect(await faultOf(upstream, request)).toMatchObject({ code: 'upstream_rejected' });
  }
  expect(server.exchanges.map(({ body }) => 'max_tokens' in body)).toEqual([
    true,
    false,
    true,
    false,
  ]);
});
