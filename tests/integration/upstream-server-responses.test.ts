import { expect, test } from 'vitest';
import { queuedSilenceMs } from '../../lib/adapters/openai-response-events.ts';
import { betweenEventsMs, firstEventMs, firstEventReasoningMs } from '../../lib/limits.ts';
import type { JsonObject } from '../../lib/wire/production.ts';
import {
  chunkedHead,
  type Exchange,
  httpChunk,
  lastHttpChunk,
  reply,
  streamHead,
} from '../fixtures/raw-upstream.ts';
import { helloEvents, responseOf } from '../fixtures/response-events.ts';
import { testClock } from '../fixtures/test-clock.ts';
import {
  noSignal,
  outcomeOf,
  requestLine,
  responsesCall,
  serve,
  sse,
} from './upstream-server-harness.ts';

const send =
  (...events: readonly JsonObject[]) =>
  ({ socket }: Exchange): void => {
    socket.end(streamHead + sse(...events));
  };

const stallAfter =
  (...events: readonly JsonObject[]) =>
  ({ socket }: Exchange): void => {
    socket.write(streamHead + sse(...events));
  };

const begun = helloEvents.slice(0, 3);
const written = helloEvents.slice(0, 6);

test('events come as they were sent, fields nobody knows included', async () => {
  const { raw, upstream } = await serve(send(...helloEvents));
  const call = responsesCall({ background: true, store: true, tools: [{ type: 'x', y: [1] }] });
  const { events, thrown } = await outcomeOf(upstream.open(call, noSignal));
  expect(thrown).toBeUndefined();
  expect(events).toEqual(helloEvents);
  expect(requestLine(raw.exchanges[0])).toBe('POST /v1/responses');
  expect(raw.exchanges[0]?.body).toEqual({ ...call.body, stream: true });
});

for (const status of ['completed', 'incomplete', 'failed', 'cancelled']) {
  test(`the iteration ends with response.${status}, whatever follows`, async () => {
    const last = { type: `response.${status}`, response: responseOf(status) };
    const { raw, upstream } = await serve(stallAfter(...begun, last, { type: 'error' }));
    const { events, thrown } = await outcomeOf(upstream.open(responsesCall(), noSignal));
    expect([events.at(-1), thrown]).toEqual([last, undefined]);
    await raw.exchanges[0]?.closed;
  });
}

test('nobody waits for a connection that is held open after the end, and it is closed', async () => {
  const clock = testClock();
  const { raw, upstream } = await serve(stallAfter(...helloEvents), { clock });
  expect((await outcomeOf(upstream.open(responsesCall(), noSignal))).thrown).toBeUndefined();
  expect(clock.sleeping()).toBe(1);
  clock.leap(1_000);
  await raw.exchanges[0]?.closed;
});

test('a connection whose stream ended serves the next request', async () => {
  const { raw, upstream } = await serve(({ socket }) => {
    socket.write(chunkedHead);
    socket.write(httpChunk(Buffer.from(sse(...helloEvents))));
    socket.write(lastHttpChunk);
  });
  for (let turn = 0; turn < 6; turn += 1) {
    const { thrown } = await outcomeOf(upstream.open(responsesCall(), noSignal));
    expect(thrown).toBeUndefined();
  }
  expect(new Set(raw.exchanges.map(({ connection }) => connection)).size).toBeLessThanOrEqual(2);
});

test('a stream cut at any event is whole or a fault', async () => {
  for (let kept = 0; kept <= helloEvents.length; kept += 1) {
    const { upstream } = await serve(send(...helloEvents.slice(0, kept)));
    const { events, thrown } = await outcomeOf(upstream.open(responsesCall(), noSignal));
    expect(events).toEqual(helloEvents.slice(0, kept));
    if (kept === helloEvents.length) expect(thrown).toBeUndefined();
    else expect(thrown).toMatchObject({ code: 'upstream_cut', retry: { kind: 'later' } });
  }
});

const later = { kind: 'later' };
for (const [event, expected] of [
  [
    { type: 'error', code: 'server_error', message: 'Oops', param: null },
    { code: 'upstream_error', retry: later },
  ],
  [
    { type: 'error', code: 'rate_limit_exceeded', message: 'Slow', param: null },
    { code: 'upstream_rate_limited', retry: later },
  ],
  [
    {
      type: 'error',
      error: { type: 'server_error', code: 'server_is_overloaded', message: 'Full' },
    },
    { code: 'upstream_unavailable', retry: later },
  ],
  [
    { type: 'error', code: 'context_length_exceeded', message: 'Long', param: 'input' },
    {
      code: 'upstream_rejected',
      message: 'Long',
      retry: { kind: 'never' },
      reported: { status: 400, type: 'invalid_request_error', param: 'input' },
    },
  ],
  [
    { type: 'error', code: 'invalid_image_url', message: 'No image', param: null },
    { code: 'upstream_rejected', retry: { kind: 'never' } },
  ],
] as const) {
  for (const named of [true, false]) {
    test(`an error event is a fault: ${JSON.stringify(event)}, named ${named}`, async () => {
      const error = named ? sse(event) : sse(JSON.stringify(event));
      const { upstream } = await serve(({ socket }) => {
        socket.end(streamHead + sse(...written) + error);
      });
      const { events, thrown } = await outcomeOf(upstream.open(responsesCall(), noSignal));
      expect(events).toEqual(written);
      expect(thrown).toMatchObject(expected);
    });
  }
}

for (const event of ['5', '[]', '{"no":"type"}', '{"type":7}', 'not JSON']) {
  test(`what is no event is malformed: ${event}`, async () => {
    const { upstream } = await serve(({ socket }) => {
      socket.end(streamHead + sse(...begun, event));
    });
    const { thrown } = await outcomeOf(upstream.open(responsesCall(), noSignal));
    expect(thrown).toMatchObject({ code: 'upstream_malformed', retry: later });
  });
}

test('a stall in the middle of a text ends at the limit between events', async () => {
  const { raw, upstream } = await serve(stallAfter(...written), { betweenEventsMs: 60 });
  const { events, thrown } = await outcomeOf(upstream.open(responsesCall(), noSignal));
  expect(events).toEqual(written);
  expect(thrown).toMatchObject({ code: 'upstream_stalled', retry: later });
  await raw.exchanges[0]?.closed;
});

/** Reads `count` events and goes on waiting; the clock then leaps without and with a stall. */
const stallsAfter = async (
  count: number,
  model: string,
  { patientMs, stallMs }: { readonly patientMs: number; readonly stallMs: number },
) => {
  const clock = testClock();
  const { upstream } = await serve(stallAfter(...helloEvents.slice(0, count)), { clock });
  let seen = 0;
  let ended = false;
  const reading = (async () => {
    for await (const _ of upstream.open(responsesCall({ model }), noSignal)) seen += 1;
  })().finally(() => {
    ended = true;
  });
  const stall = expect(reading).rejects.toMatchObject({ code: 'upstream_stalled' });
  await expect.poll(() => seen, { timeout: 60_000 }).toBe(count);
  await expect.poll(() => clock.sleeping(), { timeout: 60_000 }).toBe(1);
  clock.leap(patientMs);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).toBe(false);
  clock.leap(stallMs - patientMs);
  await stall;
};

test('a text that goes on has the limit between events', () =>
  stallsAfter(6, 'o9-pro', { patientMs: betweenEventsMs - 10_000, stallMs: betweenEventsMs }));

test('what follows a beginning has the limit of a first event', () =>
  stallsAfter(3, 'plain-1', { patientMs: firstEventMs - 10_000, stallMs: firstEventMs }));

test('a model that thinks after it began has its longer limit', () =>
  stallsAfter(3, 'o9-pro', {
    patientMs: firstEventReasoningMs - 10_000,
    stallMs: firstEventReasoningMs,
  }));

for (const queued of [1, 2]) {
  test(`waiting in the upstream's queue is no stall (${queued} events)`, () =>
    stallsAfter(queued, 'plain-1', {
      patientMs: queuedSilenceMs - 10_000,
      stallMs: queuedSilenceMs,
    }));
}

test('aborting while queued throws the reason and closes the connection', async () => {
  const { raw, upstream } = await serve(stallAfter(...helloEvents.slice(0, 2)));
  const caller = new AbortController();
  const reason = new Error('cancelled');
  const outcome = outcomeOf(upstream.open(responsesCall(), caller.signal));
  await raw.arrived(1);
  setTimeout(() => caller.abort(reason), 30);
  expect((await outcome).thrown).toBe(reason);
  await raw.exchanges[0]?.closed;
});

const refusal = { message: 'No background here.', param: 'background', code: 'unsupported' };

test('a server that refuses background mode is asked without it, and remembered', async () => {
  const { raw, upstream } = await serve((exchange) =>
    'background' in exchange.body
      ? exchange.socket.write(reply(400, { error: refusal }))
      : send(...helloEvents)(exchange),
  );
  const call = responsesCall({ background: true, store: true });
  expect(upstream.adoptable).toBe(true);
  for (let turn = 0; turn < 2; turn += 1) {
    expect((await outcomeOf(upstream.open(call, noSignal))).thrown).toBeUndefined();
    expect(upstream.adoptable).toBe(false);
  }
  expect(raw.exchanges.map(({ body }) => body['background'])).toEqual([true, undefined, undefined]);
});

test('a refusal that stays without background mode teaches nothing', async () => {
  const { upstream } = await serve(({ socket }) => socket.write(reply(400, { error: refusal })));
  const { thrown } = await outcomeOf(upstream.open(responsesCall({ background: true }), noSignal));
  expect(thrown).toMatchObject({ code: 'upstream_rejected', retry: { kind: 'never' } });
  expect(upstream.adoptable).toBe(true);
});

test('background mode is not asked for where it is off, nor of a chat server', async () => {
  const { raw, upstream } = await serve(send(...helloEvents), { background: 'never' });
  await outcomeOf(upstream.open(responsesCall({ background: true }), noSignal));
  expect(raw.exchanges[0]?.body).not.toHaveProperty('background');
  expect(upstream.adoptable).toBe(false);
  const { upstream: chat } = await serve(send(), { protocol: 'chat' });
  expect(chat.adoptable).toBe(false);
});
