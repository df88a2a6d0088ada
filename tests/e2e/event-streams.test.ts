import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { collect } from '../fixtures/collect.ts';
import { allFrames, eventsOf, type Frame, framesOf } from '../fixtures/event-frames.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const textOf = (frames: readonly Frame[]): string => frames.map(({ text }) => text).join('');

const create = (body: object): Promise<Response> => api.send('POST', '/v1/responses', body);

const replay = (id: string, after: number): Promise<Response> =>
  api.send('GET', `/v1/responses/${id}?stream=true&starting_after=${after}`);

/** The first `count` events of a stream, which is cut behind them. */
const firstOf = async (answer: Response, count: number): Promise<Frame[]> => {
  const frames: Frame[] = [];
  for await (const frame of framesOf(answer)) {
    if (!frame.isComment) frames.push(frame);
    if (frames.length === count) break;
  }
  return frames;
};

const idOf = (frames: readonly Frame[]): string => eventsOf(frames)[0]?.response?.id ?? '';

describe.concurrent.each([
  ['a responses upstream', 'demo'],
  ['a chat upstream', 'demo-chat'],
])('the events of a response on %s', (_, model) => {
  it('come as whole frames, each named by its type and numbered, and end with [DONE]', async () => {
    const answer = await create({ model, input: 'Frames.', stream: true });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(answer.headers.get('x-request-id')).toMatch(/\S/);
    const frames = await allFrames(answer);
    expect(frames.at(-1)?.text).toBe('data: [DONE]\n\n');
    // The upstream has a name of its own for it, which is nobody's business.
    expect(new Set(textOf(frames).match(/resp_[0-9a-f]+/g))).toEqual(new Set([idOf(frames)]));
    const events = eventsOf(frames);
    expect(events).toHaveLength(frames.length - 1);
    expect(events.map(({ type }) => type)).toEqual(frames.slice(0, -1).map(({ name }) => name));
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
  });

  it('are the same bytes live and replayed, from wherever they are taken up', async () => {
    const live = await allFrames(
      await create({ model: `${model}?tokens=8&fault=unicode`, input: '再生 🌊', stream: true }),
    );
    const id = idOf(live);
    expect(textOf(await allFrames(await api.send('GET', `/v1/responses/${id}?stream=true`)))).toBe(
      textOf(live),
    );
    for (let after = 0; after < live.length - 1; after += 1) {
      expect(textOf(await allFrames(await replay(id, after)))).toBe(textOf(live.slice(after + 1)));
    }
  });

  it('are the same when the client is cut off behind each of them and resumes', async () => {
    const uncut = await create({
      model: `${model}?tokens=8&rate=2`,
      input: 'Cut at each boundary.',
      background: true,
      stream: true,
    });
    const frames = framesOf(uncut);
    const opening = await frames.next();
    const id = opening.done ? '' : idOf([opening.value]);
    const whole = collect(frames);
    const pieces: Frame[] = [];
    while (pieces.at(-1)?.name !== 'response.completed') {
      pieces.push(...(await firstOf(await replay(id, pieces.length), 1)));
    }
    const uncutFrames = (await whole).filter(({ isComment }) => !isComment);
    expect(textOf(pieces)).toBe(textOf(uncutFrames.slice(0, -1)));
    expect(uncutFrames.at(-1)?.data).toBe('[DONE]');
  });

  it('go on being made when their client goes away, and stay readable', async () => {
    const input = `Left alone on ${model}.`;
    const frames = await firstOf(
      await create({ model: `${model}?tokens=30&rate=10`, input, stream: true }),
      7,
    );
    const id = idOf(frames);
    const response = await waitFor(
      async () => (await api.ask<{ status: string }>('GET', `/v1/responses/${id}`)).body,
      ({ status }) => status !== 'in_progress',
      90_000,
    );
    expect(response).toMatchObject({ status: 'completed', usage: { output_tokens: 30 } });
    expect(await api.generations(input)).toMatchObject([{ outcome: 'finished', open: false }]);
    const whole = await allFrames(await api.send('GET', `/v1/responses/${id}?stream=true`));
    expect(textOf(whole)).toContain(textOf(frames));
  });

  it('end with the response when it is cancelled, and with an error when it is deleted', async () => {
    const endOf = async (method: string, path: string) => {
      const input = `Ended by ${method} on ${model}.`;
      const answer = await create({ model: `${model}?tokens=600&rate=20`, input, stream: true });
      const frames = framesOf(answer);
      const { value } = await frames.next();
      const id = value === undefined ? '' : idOf([value]);
      const rest = collect(frames);
      await waitFor(
        () => api.generations(input),
        ([generation]) => (generation?.text.length ?? 0) > 60,
        90_000,
      );
      const stopped = await api.ask(method, `/v1/responses/${id}${path}`);
      expect(stopped.status).toBe(200);
      await waitFor(
        () => api.generations(input),
        (all) => all.every(({ open }) => !open),
        90_000,
      );
      const events = eventsOf([...(value === undefined ? [] : [value]), ...(await rest)]);
      expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
      return events.at(-1);
    };
    expect(await endOf('POST', '/cancel')).toMatchObject({
      type: 'response.failed',
      response: { status: 'cancelled', error: null },
    });
    expect(await endOf('DELETE', '')).toMatchObject({ type: 'error', code: 'not_found' });
  });

  it('come from an upstream that refuses to stream as well', async () => {
    const input = `Not streamed on ${model}.`;
    const frames = await allFrames(
      await create({ model: `${model}?fault=no_stream`, input, stream: true }),
    );
    const events = eventsOf(frames);
    expect(events.at(-1)).toMatchObject({
      type: 'response.completed',
      response: { status: 'completed', usage: { output_tokens: 60 } },
    });
    expect(events.map(({ delta }) => delta ?? '').join('')).toContain(input);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    const billed = (await api.generations(input)).filter(({ text }) => text !== '');
    expect(billed).toHaveLength(1);
  });

  it('are resumed at once by a reader who has seen more than is stored', async () => {
    const slow = { model: `${model}?tokens=30&rate=15`, input: 'Cut early.', stream: true };
    const seen = await firstOf(await create(slow), 3);
    const rest = await allFrames(await replay(idOf(seen), 2));
    const numbers = eventsOf([...seen, ...rest]).map(({ sequence_number }) => sequence_number);
    expect(numbers).toEqual(numbers.map((_, index) => index));
    expect(rest.at(-1)?.text).toBe('data: [DONE]\n\n');
  });

  it('open with the response also where it failed before it put out anything', async () => {
    const failing = { model: `${model}?fault=400`, input: 'Failing.', stream: true };
    const frames = await allFrames(await create({ ...failing, background: true }));
    expect(eventsOf(frames).map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.failed',
    ]);
    const after = await allFrames(await replay(idOf(frames), 0));
    expect(textOf(after)).toBe(textOf(frames.slice(1)));
    expect(textOf(await allFrames(await replay(idOf(frames), 2)))).toBe('data: [DONE]\n\n');
    const stream = api.client.responses.stream({ response_id: idOf(frames) });
    await expect(stream.finalResponse()).resolves.toMatchObject({ status: 'failed' });
  });

  it('are refused for a starting_after that is none', async () => {
    const frames = await allFrames(
      await create({ model: `${model}?tokens=3`, input: 'Short.', stream: true }),
    );
    const id = idOf(frames);
    const last = frames.length - 2;
    for (const after of [`${last + 1}`, '-1', 'x', '1.5', '']) {
      const path = `/v1/responses/${id}?stream=true&starting_after=${after}`;
      const { status, body } = await api.ask('GET', path);
      expect([after, status, body]).toMatchObject([
        after,
        400,
        { error: { code: 'invalid_value', param: 'starting_after' } },
      ]);
    }
    const unstreamed = await api.ask('GET', `/v1/responses/${id}?starting_after=1`);
    expect(unstreamed).toMatchObject({ status: 400, body: { error: { param: 'starting_after' } } });
    expect(textOf(await allFrames(await replay(id, last)))).toBe('data: [DONE]\n\n');
  });
});

describe.concurrent('a silent stream', () => {
  it.each([
    ['/v1/responses', 'demo', { input: 'Silence.' }],
    ['/v1/responses', 'demo-chat', { input: 'Silence.' }],
    ['/v1/chat/completions', 'demo-chat', { messages: [{ role: 'user', content: 'Silence.' }] }],
  ])('of %s on %s is never silent for more than 15 s', async (path, model, body) => {
    const sentAtMs = Date.now();
    const answer = await api.send('POST', path, {
      ...body,
      model: `${model}?first_ms=18000&tokens=3`,
      stream: true,
    });
    const frames = await allFrames(answer);
    const times = [sentAtMs, ...frames.map(({ atMs }) => atMs)];
    const gaps = times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0));
    expect(frames.some(({ isComment }) => isComment)).toBe(true);
    expect(Math.max(...gaps)).toBeLessThan(17_500);
    expect(frames.at(-1)?.data).toBe('[DONE]');
  });
});
