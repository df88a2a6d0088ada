import { expect, test } from 'vitest';
import {
  chunkedHead,
  type Exchange,
  httpChunk,
  lastHttpChunk,
  reply,
  streamHead,
} from '../fixtures/raw-upstream.ts';
import { chatCall, noSignal, outcomeOf, serve, sse } from './upstream-server-harness.ts';

const chat = { protocol: 'chat' } as const;
const choice = (index: number, delta: object, finish_reason: string | null = null) => ({
  index,
  delta,
  finish_reason,
});
const chunk = (...choices: object[]) => ({ id: 'c1', object: 'chat.completion.chunk', choices });

const send =
  (...events: readonly (object | string)[]) =>
  ({ socket }: Exchange): void => {
    socket.end(streamHead + sse(...events.map((event) => ({ ...Object(event) }))));
  };

test('chunks come as they were sent, fields nobody knows included', async () => {
  const chunks = [
    { ...chunk(), prompt_filter_results: [{ severity: 'safe' }] },
    { ...chunk(choice(0, { role: 'assistant', content: 'Hi', mood: ['x'] })), provider: 'p' },
    chunk({ ...choice(0, {}, 'stop'), native_finish_reason: 'end' }),
    { ...chunk(), usage: { prompt_tokens: 1, completion_tokens: 1, cost: 0.1 } },
  ];
  const { upstream } = await serve(send(...chunks), chat);
  const { events, thrown } = await outcomeOf(upstream.open(chatCall(), noSignal));
  expect(thrown).toBeUndefined();
  expect(events).toEqual(chunks);
});

test('the body goes as it is but for streaming, its options and the name of the limit', async () => {
  const { raw, upstream } = await serve(send(chunk(choice(0, {}, 'stop'))), chat);
  const call = chatCall({
    max_completion_tokens: 9,
    reasoning_effort: 'low',
    provider: { order: ['a'] },
    stream_options: { include_obfuscation: false },
  });
  await outcomeOf(upstream.open(call, noSignal));
  expect(raw.exchanges[0]?.body).toEqual({
    model: 'plain-1',
    messages: [{ role: 'user', content: 'Where are you?' }],
    max_tokens: 9,
    reasoning_effort: 'low',
    provider: { order: ['a'] },
    stream: true,
    stream_options: { include_obfuscation: false, include_usage: true },
  });
});

test('a body with both limits keeps both', async () => {
  const { raw, upstream } = await serve(send(chunk(choice(0, {}, 'stop'))), chat);
  await outcomeOf(upstream.open(chatCall({ max_tokens: 8, max_completion_tokens: 9 }), noSignal));
  expect(raw.exchanges[0]?.body).toMatchObject({ max_tokens: 8, max_completion_tokens: 9 });
});

test('two choices are whole only when both have finished', async () => {
  const first = [
    chunk(choice(0, { content: 'A' }), choice(1, { content: 'B' })),
    chunk(choice(0, {}, 'stop')),
  ];
  const call = chatCall({ n: 2 });
  const { upstream: short } = await serve(send(...first), chat);
  expect((await outcomeOf(short.open(call, noSignal))).thrown).toMatchObject({
    code: 'upstream_cut',
  });
  const { upstream } = await serve(send(...first, chunk(choice(1, {}, 'length'))), chat);
  const { events, thrown } = await outcomeOf(upstream.open(call, noSignal));
  expect([events.length, thrown]).toEqual([3, undefined]);
});

test('a choice that has not begun is waited for, and may never come', async () => {
  const finished = chunk(choice(0, { content: 'A' }, 'stop'));
  const call = chatCall({ n: 2 });
  const { upstream: fails } = await serve(send(finished, { error: { message: 'Oops' } }), chat);
  expect((await outcomeOf(fails.open(call, noSignal))).thrown).toMatchObject({
    code: 'upstream_error',
  });
  const { upstream } = await serve(send(finished), chat);
  expect((await outcomeOf(upstream.open(call, noSignal))).thrown).toBeUndefined();
});

test('what follows the last finish reason is waited for once, not again after each chunk', async () => {
  const { raw, upstream } = await serve(
    async ({ socket, closed }) => {
      let open = true;
      void closed.then(() => {
        open = false;
      });
      socket.write(streamHead + sse(chunk(choice(0, {}, 'stop'))));
      while (open) {
        socket.write(sse(chunk()));
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    },
    { ...chat, betweenEventsMs: 100 },
  );
  expect((await outcomeOf(upstream.open(chatCall(), noSignal))).thrown).toBeUndefined();
  await raw.exchanges[0]?.closed;
});

const whole = {
  id: 'c1',
  object: 'chat.completion',
  model: 'whole-1',
  provider: 'p',
  choices: [
    {
      index: 0,
      message: {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 't1', type: 'function', function: { name: 'f', arguments: '{}' } }],
      },
      finish_reason: 'tool_calls',
    },
  ],
  usage: { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 },
};

test('an answer in one piece comes as chunks', async () => {
  const error = { message: 'No.', param: 'stream' };
  const { raw, upstream } = await serve(
    ({ socket, body }) =>
      socket.write(body['stream'] === true ? reply(400, { error }) : reply(200, whole)),
    chat,
  );
  const { events, thrown } = await outcomeOf(upstream.open(chatCall(), noSignal));
  expect(thrown).toBeUndefined();
  const head = { id: 'c1', object: 'chat.completion.chunk', model: 'whole-1', provider: 'p' };
  const delta = {
    ...whole.choices[0]?.message,
    tool_calls: [
      { index: 0, id: 't1', type: 'function', function: { name: 'f', arguments: '{}' } },
    ],
  };
  expect(events).toEqual([
    { ...head, choices: [{ index: 0, delta, finish_reason: null }] },
    { ...head, choices: [{ index: 0, delta: {}, finish_reason: 'tool_calls' }] },
    { ...head, choices: [], usage: whole.usage },
  ]);
  expect(raw.exchanges.map(({ body }) => body['stream'])).toEqual([true, false]);
});

test('an error in one piece with a good status is a fault', async () => {
  const error = { message: 'Busy', code: 503 };
  const { upstream } = await serve(({ socket }) => socket.write(reply(200, { error })), chat);
  const { events, thrown } = await outcomeOf(upstream.open(chatCall(), noSignal));
  expect([events, thrown]).toMatchObject([[], { code: 'upstream_unavailable' }]);
});

test('a connection whose stream was read to its end serves the next request', async () => {
  const { raw, upstream } = await serve(({ socket }) => {
    socket.write(chunkedHead);
    socket.write(httpChunk(Buffer.from(sse(chunk(choice(0, {}, 'stop')), '[DONE]'))));
    socket.write(lastHttpChunk);
  }, chat);
  for (let turn = 0; turn < 6; turn += 1) {
    expect((await outcomeOf(upstream.open(chatCall(), noSignal))).thrown).toBeUndefined();
  }
  // The last bytes of an answer may still be read while the next request is sent.
  expect(new Set(raw.exchanges.map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
});
