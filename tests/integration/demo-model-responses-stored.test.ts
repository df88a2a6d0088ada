import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { demoModelClient, readAll } from './demo-model-client.ts';

let demo: DemoModel;
let client: OpenAI;
let raw: ReturnType<typeof demoModelClient>;

beforeAll(async () => {
  demo = await startDemoModel();
  client = new OpenAI({ baseURL: demo.baseUrl, apiKey: 'any', maxRetries: 0 });
  raw = demoModelClient(demo);
});
afterAll(() => demo.close());

const fast = 'demo?tokens=10&rate=5000&first_ms=0';
const endless = 'demo?tokens=10000&rate=50&first_ms=0';
const background = { input: 'Hello', background: true } as const;

describe('reading a stored response', () => {
  test('a completed one is the object that was answered', async () => {
    const created = await client.responses.create({ model: fast, input: 'Hello' });
    expect(await client.responses.retrieve(created.id)).toMatchObject({
      id: created.id,
      output: created.output,
      usage: created.usage,
    });
  });

  test('replayed from any event, it has the same bytes as its stream had', async () => {
    const body = { model: fast, ...background, stream: true };
    const whole = (await readAll(await raw.postTo('/responses', body))).body;
    const frames = whole.split('\n\n').slice(0, -1);
    const id = /"id":"(resp_\w+)"/.exec(whole)?.[1] ?? '';
    const replay = async (query: string) =>
      (await readAll(await raw.get(`/responses/${id}?stream=true${query}`))).body;
    expect(await replay('')).toBe(whole);
    for (const after of frames.keys()) {
      const rest = frames.slice(after + 1).map((frame) => `${frame}\n\n`);
      expect(await replay(`&starting_after=${after}`)).toBe(rest.join(''));
    }
  });

  test('the official helper replays it from its id', async () => {
    const { id } = await client.responses
      .create({ model: fast, ...background, stream: true })
      .then(async (stream) => {
        for await (const event of stream) {
          if (event.type === 'response.completed') return event.response;
        }
        throw new Error('it did not complete');
      });
    const final = await client.responses.stream({ response_id: id }).finalResponse();
    expect(final.usage?.output_tokens).toBe(10);
  });

  test.each([
    [{ background: false }, 'background=true'],
    [{ background: true }, 'stream=true'],
  ])('one made with %j and no stream cannot be streamed later', async (mode, named) => {
    const { id } = await client.responses.create({
      model: fast,
      input: 'Hello',
      ...mode,
    });
    await expect(client.responses.retrieve(id, { stream: true })).rejects.toMatchObject({
      status: 400,
      param: 'stream',
      message: expect.stringContaining(named),
    });
  });

  test('an unknown starting_after is refused, one past the end gives nothing', async () => {
    const stream = await client.responses.create({ model: fast, ...background, stream: true });
    let id = '';
    for await (const event of stream) if (event.type === 'response.created') id = event.response.id;
    const refused = await raw.get(`/responses/${id}?stream=true&starting_after=x`);
    expect(refused.status).toBe(400);
    const past = await raw.get(`/responses/${id}?stream=true&starting_after=9999`);
    expect((await readAll(past)).body).toBe('');
  });

  test('one that was not stored is not found', async () => {
    const { id } = await client.responses.create({ model: fast, input: 'Hello', store: false });
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    await expect(client.responses.cancel('resp_none')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('what is kept', () => {
  test('is the last thousand responses', async () => {
    const create = () => client.responses.create({ model: 'demo?tokens=0&first_ms=0', input: 'a' });
    const oldest = await create();
    expect((await client.responses.retrieve(oldest.id)).id).toBe(oldest.id);
    for (let batch = 0; batch < 20; batch++) {
      await Promise.all(Array.from({ length: 50 }, create));
    }
    await expect(client.responses.retrieve(oldest.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('cancel', () => {
  test('stops a background response, and is idempotent', async () => {
    const { id } = await client.responses.create({ model: `${endless}&key=c1`, ...background });
    const cancelled = await client.responses.cancel(id);
    expect(cancelled).toMatchObject({ id, status: 'cancelled', completed_at: null });
    expect(await client.responses.cancel(id)).toMatchObject({ id, status: 'cancelled' });
    expect(await client.responses.retrieve(id)).toMatchObject({ status: 'cancelled' });
    expect(await raw.entryOf('c1')).toMatchObject({ outcome: 'cancelled', open: false });
  });

  test('ends the streams of its readers and keeps what was written', async () => {
    const stream = await client.responses.create({ model: endless, ...background, stream: true });
    let id = '';
    let last = '';
    let deltas = 0;
    for await (const event of stream) {
      last = event.type;
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta' && ++deltas === 3) {
        await client.responses.cancel(id);
      }
    }
    expect(last).toBe('response.output_text.delta');
    const kept = await client.responses.retrieve(id);
    expect(kept.output).toMatchObject([{ type: 'message', status: 'incomplete' }]);
    expect(kept.output_text).not.toBe('');
  });

  test('leaves a completed response as it is', async () => {
    const stream = await client.responses.create({ model: fast, ...background, stream: true });
    let id = '';
    for await (const event of stream) if (event.type === 'response.created') id = event.response.id;
    expect(await client.responses.cancel(id)).toMatchObject({ status: 'completed' });
  });

  test('is refused for a response that is not in the background', async () => {
    const { id } = await client.responses.create({ model: fast, input: 'Hello' });
    await expect(client.responses.cancel(id)).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  });
});

describe('delete', () => {
  test('stops what runs and forgets it', async () => {
    const { id } = await client.responses.create({ model: `${endless}&key=d1`, ...background });
    await client.responses.delete(id);
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
    expect(await raw.entryOf('d1')).toMatchObject({ outcome: 'deleted', open: false });
  });
});

describe('input items', () => {
  test('are listed with ids, newest first unless asked otherwise', async () => {
    const { id } = await client.responses.create({
      model: fast,
      input: [
        { role: 'user', content: 'one' },
        { role: 'assistant', content: 'two' },
        { type: 'function_call', call_id: 'call_1', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'call_1', output: 'three' },
        { role: 'user', content: [{ type: 'input_text', text: 'four' }] },
      ],
    });
    const newest = await client.responses.inputItems.list(id, { limit: 2 });
    expect(newest.data).toMatchObject([
      { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'four' }] },
      { type: 'function_call_output', output: 'three' },
    ]);
    expect(newest.has_more).toBe(true);
    const types: string[] = [];
    for await (const item of client.responses.inputItems.list(id, { order: 'asc', limit: 2 })) {
      expect(item.id).toMatch(/^(msg|fc|fco)_/);
      types.push(item.type);
    }
    expect(types).toEqual([
      'message',
      'message',
      'function_call',
      'function_call_output',
      'message',
    ]);
  });
});

describe('a conversation', () => {
  test('goes on with a stored response, whose tokens count as input', async () => {
    const first = await client.responses.create({ model: fast, input: 'Hello' });
    const next = await client.responses.create({
      model: fast,
      input: 'More',
      previous_response_id: first.id,
    });
    expect(next.previous_response_id).toBe(first.id);
    expect(next.usage?.input_tokens).toBeGreaterThan(first.usage?.total_tokens ?? 0);
    await expect(
      client.responses.create({ model: fast, input: 'More', previous_response_id: 'resp_none' }),
    ).rejects.toMatchObject({ status: 400, code: 'previous_response_not_found' });
  });
});
