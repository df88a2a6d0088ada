import { expect, test } from 'vitest';
import { silenceLimits } from '../../lib/adapters/openai-silence.ts';
import { firstEventMs, firstEventReasoningMs } from '../../lib/limits.ts';
import {
  chunkedHead,
  type Exchange,
  httpChunk,
  lastHttpChunk,
  reply,
  streamHead,
} from '../fixtures/raw-upstream.ts';
import { faultOf, outcomeOf, plainText, question, recorded, serve } from './upstream-harness.ts';

const word = 'data: {"choices":[{"index":0,"delta":{"content":"Word"}}]}\n\n';
const done = 'data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n';

const stallAfter =
  (...parts: string[]) =>
  ({ socket }: Exchange): void => {
    for (const part of parts) socket.write(part);
  };

const stalled = { code: 'upstream_stalled', retry: { kind: 'later', afterMs: 0 } };

for (const [where, parts] of [
  ['before the headers', []],
  ['after the headers', [streamHead]],
] as const) {
  test(`a stall ${where} ends at the first event's limit and closes the connection`, async () => {
    const { server, upstream } = await serve(stallAfter(...parts), { firstEventMs: 60 });
    expect(await faultOf(upstream)).toMatchObject(stalled);
    await server.exchanges[0]?.closed;
  });
}

test('a stall between two events ends at its own limit and closes the connection', async () => {
  const { server, upstream } = await serve(stallAfter(streamHead, word), { betweenEventsMs: 60 });
  const { text, thrown } = await outcomeOf(upstream);
  expect(text).toBe('Word');
  expect(thrown).toMatchObject(stalled);
  await server.exchanges[0]?.closed;
});

test('a stalled error answer ends at the limit too', async () => {
  const head = 'HTTP/1.1 500 X\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{';
  const { server, upstream } = await serve(stallAfter(head), { firstEventMs: 60 });
  expect(await faultOf(upstream)).toMatchObject(stalled);
  await server.exchanges[0]?.closed;
});

/** Writes `text` again and again, fast, until the connection is closed. */
const repeat = async ({ socket, closed }: Exchange, text: string) => {
  let open = true;
  void closed.then(() => {
    open = false;
  });
  while (open) {
    socket.write(text);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
};

test('comments do not count as events', async () => {
  const { upstream } = await serve(
    (exchange) => {
      exchange.socket.write(streamHead);
      return repeat(exchange, ': still here\n\n');
    },
    { firstEventMs: 100 },
  );
  expect(await faultOf(upstream)).toMatchObject(stalled);
});

test('events without text hold off the limit between events', async () => {
  const limitMs = 400;
  const thought = 'data: {"choices":[{"index":0,"delta":{"reasoning_content":"Hm."}}]}\n\n';
  const { upstream } = await serve(
    async ({ socket }) => {
      socket.write(streamHead);
      const endMs = Date.now() + 2 * limitMs;
      while (Date.now() < endMs) {
        socket.write(thought);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      socket.end(word + done);
    },
    { firstEventMs: limitMs, betweenEventsMs: limitMs },
  );
  expect(await outcomeOf(upstream)).toMatchObject({ text: 'Word', thrown: undefined });
});

test('a stall after the finish event costs no text and closes the connection', async () => {
  const { server, upstream } = await serve(stallAfter(streamHead, word, done), {
    betweenEventsMs: 60,
  });
  const { text, finished, thrown } = await outcomeOf(upstream);
  expect([text, finished?.reason, thrown]).toEqual(['Word', 'stop', undefined]);
  await server.exchanges[0]?.closed;
});

test('an answer in one piece may take as long as a reasoning model thinks', async () => {
  const error = { message: 'No streams.', param: 'stream' };
  const { upstream } = await serve(
    ({ socket, body }) => {
      if (body['stream'] === true) socket.write(reply(400, { error }));
    },
    { firstEventMs: 80 },
  );
  expect(await faultOf(upstream)).toMatchObject(stalled);
});

test('reasoning models get more time for their first event', () => {
  for (const model of [
    'o1',
    'o3-mini',
    'o4-mini-2025-04-16',
    'gpt-5',
    'gpt-5.2-pro',
    'openai/gpt-5-mini',
    'openai/o3',
    'deepseek-reasoner',
    'deepseek-ai/DeepSeek-R1',
    'qwq:32b',
    'kimi-k2-thinking',
  ]) {
    expect(silenceLimits(model, {}).firstEventMs, model).toBe(firstEventReasoningMs);
  }
  for (const model of ['gpt-4o', 'gpt-4.1-mini', 'llama3.2', 'foo1', 'claude-sonnet-4-5']) {
    expect(silenceLimits(model, {}).firstEventMs, model).toBe(firstEventMs);
  }
});

test("Node's fetch, which gives up after 300 s of silence, is not what waits", async () => {
  const { fetch } = globalThis;
  globalThis.fetch = () => Promise.reject(new Error('not this one'));
  try {
    const { upstream } = await serve(({ socket }) => {
      socket.write(streamHead);
      socket.end(recorded('plain.sse'));
    });
    expect((await outcomeOf(upstream)).text).toBe(plainText);
  } finally {
    globalThis.fetch = fetch;
  }
});

for (const [where, parts] of [
  ['before the headers', []],
  ['before the first event', [streamHead]],
  ['between two events', [streamHead, word]],
  ['after the finish event', [streamHead, word, done]],
] as const) {
  test(`aborting ${where} throws the signal's reason and closes the connection`, async () => {
    const { server, upstream } = await serve(stallAfter(...parts));
    const caller = new AbortController();
    const reason = new Error('cancelled');
    const outcome = outcomeOf(upstream, question, caller.signal);
    await server.arrived(1);
    setTimeout(() => caller.abort(reason), 30);
    expect((await outcome).thrown).toBe(reason);
    await server.exchanges[0]?.closed;
  });
}

test('aborting at any moment throws the reason or nothing, and harms no kept connection', async () => {
  const plain = recorded('plain.sse');
  const { upstream } = await serve(({ socket }) => {
    socket.write(chunkedHead);
    socket.write(httpChunk(plain.subarray(0, 500)));
    setImmediate(() => {
      socket.write(httpChunk(plain.subarray(500)));
      socket.write(lastHttpChunk);
    });
  });
  const reason = new Error('cancelled');
  for (let turns = 0; turns < 60; turns += 1) {
    const caller = new AbortController();
    const outcome = outcomeOf(upstream, question, caller.signal);
    for (let turn = 0; turn < turns; turn += 1) await new Promise((next) => setImmediate(next));
    caller.abort(reason);
    const { thrown, finished } = await outcome;
    expect(thrown, `after ${turns} turns`).toBe(finished === undefined ? reason : undefined);
    expect((await outcomeOf(upstream)).text).toBe(plainText);
  }
});

test('giving up an answer that had already ended harms no kept connection', async () => {
  const broken = Buffer.from(`${word}data: not JSON\n\n`);
  const { upstream } = await serve(({ socket }, nth) => {
    const body = nth % 2 === 1 ? broken : recorded('plain.sse');
    socket.write(Buffer.concat([Buffer.from(chunkedHead), httpChunk(body)]));
    if (nth % 4 > 1) socket.write(lastHttpChunk);
    else setImmediate(() => socket.write(lastHttpChunk));
  });
  for (let i = 0; i < 30; i += 1) {
    expect(await faultOf(upstream)).toMatchObject({ code: 'upstream_malformed' });
    expect((await outcomeOf(upstream)).text).toBe(plainText);
  }
});

test('an aborted signal starts nothing', async () => {
  const { server, upstream } = await serve(stallAfter());
  const reason = new Error('too late');
  expect((await outcomeOf(upstream, question, AbortSignal.abort(reason))).thrown).toBe(reason);
  expect(server.exchanges).toHaveLength(0);
});

test('ending the iteration early closes the connection', async () => {
  const { server, upstream } = await serve(stallAfter(streamHead, word, word));
  for await (const event of upstream.generate(question, new AbortController().signal)) {
    if (event.kind === 'text') break;
  }
  await server.exchanges[0]?.closed;
});

test('200 generations leave nothing on their common signal', async () => {
  const warnings: string[] = [];
  const collect = (warning: Error) => void warnings.push(warning.name);
  process.on('warning', collect);
  const { upstream } = await serve(({ socket }, nth) => {
    socket.write(streamHead);
    socket.end(nth % 2 === 0 ? recorded('plain.sse') : word);
  });
  const { signal } = new AbortController();
  const open = { added: 0, removed: 0 };
  const counted = new Proxy(signal, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        if (name === 'addEventListener') open.added += 1;
        if (name === 'removeEventListener') open.removed += 1;
        return Reflect.apply(value, target, given);
      };
    },
  });
  for (let i = 0; i < 100; i += 1) {
    const two = await Promise.all([
      outcomeOf(upstream, question, counted),
      outcomeOf(upstream, question, counted),
    ]);
    expect(two.map(({ finished }) => finished !== undefined).sort()).toEqual([false, true]);
    expect(two.some(({ text }) => text === plainText)).toBe(true);
  }
  await new Promise((resolve) => setImmediate(resolve));
  process.off('warning', collect);
  expect(warnings).toEqual([]);
  expect(open).toEqual({ added: 200, removed: 200 });
});
