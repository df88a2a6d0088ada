import { expect, test } from 'vitest';
import { chunkedHead, type Exchange, reply, streamHead } from '../fixtures/raw-upstream.ts';
import { helloEvents, responseOf } from '../fixtures/response-events.ts';
import { testClock } from '../fixtures/test-clock.ts';
import {
  noSignal,
  outcomeOf,
  requestLine,
  responsesCall,
  serve,
  sse,
  thrownBy,
} from './upstream-server-harness.ts';

const id = 'resp_upstream1';
const error = { message: 'Whatever.', type: 'invalid_request_error', param: null, code: null };
const lost = { code: 'upstream_lost', retry: { kind: 'later', afterMs: 0 } };
const answer =
  (status: number, body: unknown = { error }) =>
  ({ socket }: Exchange) =>
    socket.write(reply(status, body));

test('a resumed generation goes on after the given event', async () => {
  const { raw, upstream } = await serve(({ socket }) => {
    socket.end(streamHead + sse(...helloEvents.slice(6)));
  });
  const { events, thrown } = await outcomeOf(upstream.resume(id, 5, noSignal));
  expect([events, thrown]).toEqual([helloEvents.slice(6), undefined]);
  expect(requestLine(raw.exchanges[0])).toBe(
    `GET /v1/responses/${id}?stream=true&starting_after=5`,
  );
});

test('a server that repeats everything is read from the given event on', async () => {
  const { raw, upstream } = await serve(({ socket }) => {
    socket.end(streamHead + sse(...helloEvents));
  });
  const middle = await outcomeOf(upstream.resume(id, 5, noSignal));
  expect(middle.events).toEqual(helloEvents.slice(6));
  const last = await outcomeOf(upstream.resume(id, 99, noSignal));
  expect(last.events).toEqual(helloEvents.slice(-1));
  const all = await outcomeOf(upstream.resume(id, undefined, noSignal));
  expect(all.events).toEqual(helloEvents);
  expect(requestLine(raw.exchanges[2])).toBe(`GET /v1/responses/${id}?stream=true`);
});

for (const status of [400, 404, 405, 410, 501]) {
  test(`a generation that cannot be had (${status}) is lost, and tried again later`, async () => {
    const { upstream } = await serve(answer(status));
    expect((await outcomeOf(upstream.resume(id, 5, noSignal))).thrown).toMatchObject(lost);
    expect(await thrownBy(upstream.retrieve(id, noSignal))).toMatchObject(lost);
  });
}

test('a server that streams nothing of what it stored has lost the stream', async () => {
  const { upstream } = await serve(answer(200, responseOf('in_progress')));
  expect((await outcomeOf(upstream.resume(id, 5, noSignal))).thrown).toMatchObject(lost);
  const { upstream: empty } = await serve(({ socket }) => {
    socket.end(streamHead);
  });
  expect((await outcomeOf(empty.resume(id, 5, noSignal))).thrown).toMatchObject(lost);
});

test('a resumed stream that breaks is cut, not lost', async () => {
  const { upstream } = await serve(({ socket }) => {
    socket.end(streamHead + sse(...helloEvents.slice(6, 8)));
  });
  expect((await outcomeOf(upstream.resume(id, 5, noSignal))).thrown).toMatchObject({
    code: 'upstream_cut',
  });
  const { upstream: reset } = await serve(({ socket }) => {
    socket.write(chunkedHead, () => socket.resetAndDestroy());
  });
  expect((await outcomeOf(reset.resume(id, 5, noSignal))).thrown).toMatchObject({
    code: 'upstream_cut',
  });
});

for (const [status, code] of [
  [401, 'upstream_credentials'],
  [429, 'upstream_rate_limited'],
  [500, 'upstream_error'],
  [503, 'upstream_unavailable'],
] as const) {
  test(`a server that fails with ${status} has lost nothing`, async () => {
    const { upstream } = await serve(answer(status));
    expect((await outcomeOf(upstream.resume(id, 5, noSignal))).thrown).toMatchObject({ code });
    expect(await thrownBy(upstream.retrieve(id, noSignal))).toMatchObject({ code });
    expect(await thrownBy(upstream.cancel(id, noSignal))).toMatchObject({ code });
    expect(await thrownBy(upstream.models(noSignal))).toMatchObject({ code });
  });
}

test('a generation is retrieved as it is, a failed one too', async () => {
  const failed = responseOf('failed', { error: { code: 'server_error', message: 'Oops' } });
  const { raw, upstream } = await serve(answer(200, failed));
  expect(await upstream.retrieve('resp/../x', noSignal)).toEqual(failed);
  expect(requestLine(raw.exchanges[0])).toBe('GET /v1/responses/resp%2F..%2Fx');
});

test('what is no response is malformed', async () => {
  for (const body of [null, [], { id }, { id, status: 'asleep' }]) {
    const { upstream } = await serve(answer(200, body));
    expect(await thrownBy(upstream.retrieve(id, noSignal))).toMatchObject({
      code: 'upstream_malformed',
    });
  }
});

test('a lookup does not wait for ever, and ends with its signal', async () => {
  const { raw, upstream } = await serve(() => undefined, { firstEventMs: 60 });
  for (const [at, ask] of [
    () => upstream.retrieve(id, noSignal),
    () => upstream.cancel(id, noSignal),
    () => upstream.models(noSignal),
  ].entries()) {
    expect(await thrownBy(ask())).toMatchObject({ code: 'upstream_stalled' });
    await raw.exchanges[at]?.closed;
  }
  const reason = new Error('enough');
  expect(await thrownBy(upstream.cancel(id, AbortSignal.abort(reason)))).toBe(reason);
});

for (const status of [200, 400, 404, 405, 409, 410]) {
  test(`a cancel that is answered ${status} leaves nothing to stop`, async () => {
    const { raw, upstream } = await serve(answer(status));
    expect(await thrownBy(upstream.cancel(id, noSignal))).toBeUndefined();
    expect(requestLine(raw.exchanges[0])).toBe(`POST /v1/responses/${id}/cancel`);
  });
}

test('models are listed as the upstream lists them', async () => {
  const models = [{ id: 'a', object: 'model', pricing: { in: '1' } }, { id: 'b' }];
  for (const body of [{ object: 'list', data: models }, models]) {
    const { raw, upstream } = await serve(answer(200, body));
    expect(await upstream.models(noSignal)).toEqual(models);
    expect(requestLine(raw.exchanges[0])).toBe('GET /v1/models');
  }
  const { upstream } = await serve(answer(200, { data: 'none' }));
  expect(await thrownBy(upstream.models(noSignal))).toMatchObject({ code: 'upstream_malformed' });
});

const noStreams = { message: 'This model cannot stream.', param: 'stream', code: 'unsupported' };

test('a model that cannot stream is looked at until its generation has ended', async () => {
  const states = ['queued', 'in_progress', 'in_progress', 'completed'];
  const { raw, upstream } = await serve(
    ({ socket, body, headers }) => {
      if (body['stream'] === true) return socket.write(reply(400, { error: noStreams }));
      const status = headers.startsWith('POST') ? 'queued' : (states.shift() ?? 'completed');
      return socket.write(reply(200, responseOf(status)));
    },
    { clock: testClock(100) },
  );
  const call = responsesCall({ background: true });
  const { events, thrown } = await outcomeOf(upstream.open(call, noSignal));
  expect(thrown).toBeUndefined();
  expect(events.map(({ type }) => type)).toEqual([
    'response.created',
    'response.in_progress',
    ...helloEvents.slice(3, 5).map(({ type }) => type),
    ...helloEvents.slice(6).map(({ type }) => type),
  ]);
  expect(events.map(({ sequence_number }) => sequence_number)).toEqual(events.map((_, at) => at));
  expect(events[0]).toMatchObject({ response: { id, status: 'queued', future: { kept: true } } });
  expect(events.at(-1)).toMatchObject({ response: responseOf('completed') });
  expect(raw.exchanges[1]?.body).toMatchObject({ background: true, stream: false });
});

test('aborting between two looks throws the reason', async () => {
  const { raw, upstream } = await serve(answer(200, responseOf('in_progress')));
  const caller = new AbortController();
  const reason = new Error('cancelled');
  const outcome = outcomeOf(upstream.open(responsesCall(), caller.signal));
  await raw.arrived(1);
  setTimeout(() => caller.abort(reason), 30);
  expect((await outcome).thrown).toBe(reason);
});
