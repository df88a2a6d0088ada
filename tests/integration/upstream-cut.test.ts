import { expect, test } from 'vitest';
import {
  chunkedHead,
  type Exchange,
  httpChunk,
  lastHttpChunk,
  reply,
  streamHead,
} from '../fixtures/raw-upstream.ts';
import { faultOf, outcomeOf, plainText, recorded, serve } from './upstream-harness.ts';

const plain = recorded('plain.sse');
/** Where the finish event's JSON is complete. */
const finishEnds = plain.indexOf('"finish_reason":"stop"}]}') + '"finish_reason":"stop"}]}'.length;

type Cut = {
  readonly send: (exchange: Exchange, part: Buffer) => unknown;
  /** Of this much, the client knows the finish event. */
  readonly wholeFrom: number;
};

const cuts: Readonly<Record<string, Cut>> = {
  'the connection ends where the body ends': {
    wholeFrom: finishEnds,
    send: ({ socket }, part) => {
      socket.write(streamHead);
      socket.end(part);
    },
  },
  'the body ends properly': {
    wholeFrom: finishEnds,
    send: ({ socket }, part) => {
      const head = chunkedHead.replace('transfer', 'connection: close\r\ntransfer');
      socket.write(head);
      if (part.length > 0) socket.write(httpChunk(part));
      socket.end(lastHttpChunk);
    },
  },
  // An event counts once its blank line is there, unless the body ended and no more can come.
  'the connection ends within the body': {
    wholeFrom: finishEnds + 2,
    send: ({ socket }, part) => {
      socket.write(chunkedHead);
      socket.end(part.length === 0 ? part : httpChunk(part));
    },
  },
};

for (const [how, { send, wholeFrom }] of Object.entries(cuts)) {
  test(`a stream cut at any byte is whole or a fault, never a short text: ${how}`, async () => {
    let cutAt = 0;
    const { upstream } = await serve((exchange) => send(exchange, plain.subarray(0, cutAt)));
    for (; cutAt <= plain.length; cutAt += 1) {
      const { text, finished, thrown } = await outcomeOf(upstream);
      expect(plainText.startsWith(text), `cut at ${cutAt}`).toBe(true);
      if (cutAt >= wholeFrom) {
        expect(thrown, `cut at ${cutAt}`).toBeUndefined();
        expect(finished?.reason).toBe('stop');
        expect(text).toBe(plainText);
      } else {
        expect(finished, `cut at ${cutAt}`).toBeUndefined();
        expect(thrown).toMatchObject({
          code: expect.stringMatching(/^upstream_(cut|malformed)$/),
          retry: { kind: 'later', afterMs: 0 },
        });
      }
    }
  });
}

test('a reset in the middle of a stream is a cut', async () => {
  const { upstream } = await serve(({ socket }) => {
    socket.write(chunkedHead);
    socket.write(httpChunk(plain.subarray(0, 400)), () => socket.resetAndDestroy());
  });
  expect(await faultOf(upstream)).toMatchObject({ code: 'upstream_cut' });
});

test('characters survive a stream that drips byte by byte', async () => {
  const { upstream } = await serve(async ({ socket }) => {
    socket.write(streamHead);
    for (const byte of plain) {
      await new Promise((resolve) => socket.write(Buffer.from([byte]), resolve));
      await new Promise((resolve) => setImmediate(resolve));
    }
    socket.end();
  });
  const { text, finished } = await outcomeOf(upstream);
  expect(text).toBe(plainText);
  expect(finished?.usage?.total_tokens).toBe(12);
});

const sendEvents =
  (...events: string[]) =>
  ({ socket }: Exchange): void => {
    socket.end(streamHead + events.map((event) => `data: ${event}\n\n`).join(''));
  };
const word = '{"choices":[{"index":0,"delta":{"content":"Word"}}]}';

for (const [what, event] of [
  ['is not JSON', '{"choices":['],
  ['is no object', '5'],
  ['has another shape', '{"choices":"none"}'],
]) {
  test(`an event that ${what} is malformed`, async () => {
    const { upstream } = await serve(sendEvents(word, event ?? ''));
    const { text, thrown } = await outcomeOf(upstream);
    expect(text).toBe('Word');
    expect(thrown).toMatchObject({ code: 'upstream_malformed', retry: { kind: 'later' } });
  });
}

for (const [event, expected] of [
  [
    '{"error":{"message":"Too long.","type":"invalid_request_error","code":"context_length_exceeded","param":"messages"}}',
    {
      code: 'upstream_rejected',
      message: 'Too long.',
      retry: { kind: 'never' },
      reported: { status: 400, code: 'context_length_exceeded', param: 'messages' },
    },
  ],
  [
    '{"error":{"message":"Oops","type":"server_error"}}',
    { code: 'upstream_error', retry: { kind: 'later' } },
  ],
  ['{"error":"Oops"}', { code: 'upstream_error', retry: { kind: 'later' } }],
  [
    '{"error":{"code":503,"message":"Busy"}}',
    { code: 'upstream_unavailable', retry: { kind: 'later' } },
  ],
  [
    '{"error":{"code":429,"message":"Slow"},"choices":[{"delta":{},"finish_reason":"error"}]}',
    { code: 'upstream_rate_limited', retry: { kind: 'later' } },
  ],
  [
    '{"error":{"code":"invalid_api_key"}}',
    { code: 'upstream_credentials', retry: { kind: 'never' } },
  ],
  ['{"choices":[{"delta":{},"finish_reason":"error"}]}', { code: 'upstream_cut' }],
] as const) {
  test(`an error inside a stream is read: ${event.slice(0, 60)}`, async () => {
    const { upstream } = await serve(sendEvents(word, event));
    expect(await faultOf(upstream)).toMatchObject(expected);
  });
}

test('what goes wrong after the finish event costs no text', async () => {
  const done = '{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}';
  for (const after of ['{"error":"Oops"}', 'not JSON', '5']) {
    const { upstream } = await serve(sendEvents(word, done, after));
    const { text, finished, thrown } = await outcomeOf(upstream);
    expect([text, finished?.reason, thrown]).toEqual(['Word', 'stop', undefined]);
  }
});

test('an answer that is neither a stream nor a completion is malformed', async () => {
  const answers = [
    reply(200, '<html>Sign in</html>', { 'content-type': 'text/html' }),
    reply(200, '{"choices":', {}),
    reply(200, 'null', {}),
  ];
  const { upstream } = await serve(({ socket }, nth) => socket.write(answers[nth - 1] ?? ''));
  for (const _ of answers) {
    expect(await faultOf(upstream)).toMatchObject({ code: 'upstream_malformed' });
  }
});
