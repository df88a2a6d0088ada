import { APIError } from 'openai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { collect } from '../fixtures/collect.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const ended = ({ status }: { status?: string | undefined }): boolean =>
  status !== 'queued' && status !== 'in_progress';

const completed = (id: string) =>
  waitFor(() => api.client.responses.retrieve(id), ended, 60_000).then((response) => {
    expect(response.status).toBe('completed');
    return response;
  });

const textOf = (events: readonly { readonly type: string }[]): string =>
  events
    .map((event) =>
      event.type === 'response.output_text.delta' && 'delta' in event ? event.delta : '',
    )
    .join('');

describe.concurrent.each([
  ['a responses upstream', 'demo'],
  ['a chat upstream', 'demo-chat'],
])('OpenAI’s client, with nothing changed but base URL and key, on %s', (_, model) => {
  it('creates a response', async () => {
    const { data, response } = await api.client.responses
      .create({ model, input: 'A plain question.', metadata: { for: 'tests' } })
      .withResponse();
    expect(data).toMatchObject({
      id: expect.stringMatching(/^resp_[0-9a-f]{32}$/),
      object: 'response',
      status: 'completed',
      background: false,
      store: true,
      metadata: { for: 'tests' },
      usage: { output_tokens: 60, total_tokens: (data.usage?.input_tokens ?? 0) + 60 },
    });
    expect(data.output_text).toContain('A plain question.');
    expect(response.headers.get('x-request-id')).toMatch(/\S/);
    expect(await api.client.responses.retrieve(data.id)).toEqual(data);
  });

  it('streams a response, numbered from 0 without gaps', async () => {
    const stream = await api.client.responses.create({ model, input: 'Streamed.', stream: true });
    const events = await collect(stream);
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(events[0]).toMatchObject({ type: 'response.created' });
    const last = events.at(-1);
    if (last?.type !== 'response.completed') throw new Error(`ended with ${last?.type}`);
    const { output_text: text, ...stored } = await api.client.responses.retrieve(last.response.id);
    expect(last.response).toEqual(stored);
    expect(textOf(events)).toBe(text);
  });

  it('creates a response in the background and retrieves it until it is complete', async () => {
    const { data, response } = await api.client.responses
      .create({ model: `${model}?tokens=30&rate=10`, input: 'Behind.', background: true })
      .withResponse();
    expect(data).toMatchObject({ background: true, output: [], usage: null });
    expect(['queued', 'in_progress']).toContain(data.status);
    expect(response.headers.get('openai-poll-after-ms')).toBe('1000');
    expect((await completed(data.id)).output_text).toContain('Behind.');
  });

  it('streams a response in the background, and takes the stream up again after a cut', async () => {
    const stream = await api.client.responses.create({
      model: `${model}?tokens=30&rate=10`,
      input: 'Both.',
      background: true,
      stream: true,
    });
    const before = [];
    for await (const event of stream) {
      before.push(event);
      if (before.length === 9) break;
    }
    const [first] = before;
    if (first?.type !== 'response.created') throw new Error(`began with ${first?.type}`);
    const { id } = first.response;
    const rest = await api.client.responses.retrieve(id, { stream: true, starting_after: 8 });
    const events = [...before, ...(await collect(rest))];
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, index) => index));
    expect(textOf(events)).toBe((await completed(id)).output_text);
    const replayed = await collect(await api.client.responses.retrieve(id, { stream: true }));
    expect(replayed).toEqual(events);
  });

  it('cancels a response that nobody reads, and is told what was put out and spent', async () => {
    const input = `Cancelled unread on ${model}.`;
    const { id } = await api.client.responses.create({
      model: `${model}?tokens=600&rate=20&first_ms=0`,
      input,
      background: true,
    });
    await waitFor(
      () => api.generations(input),
      (all) => all.some(({ text }) => text.length > 100),
      90_000,
    );
    const cancelled = await api.client.responses.cancel(id);
    expect(cancelled).toMatchObject({ status: 'cancelled', usage: { estimated: true } });
    expect(cancelled.usage?.output_tokens).toBeGreaterThan(10);
    const [generation] = await api.generations(input);
    const told = cancelled.output.flatMap((item) =>
      item.type === 'message' ? item.content.map((part) => ('text' in part ? part.text : '')) : [],
    );
    expect(told.join('').length).toBeGreaterThan(50);
    expect(generation?.text.startsWith(told.join(''))).toBe(true);
    expect(generation).toMatchObject({ open: false });
  });

  it('cancels a response, as often as it likes, and the upstream stops', async () => {
    const input = `To be cancelled on ${model}.`;
    const { id } = await api.client.responses.create({
      model: `${model}?tokens=600&rate=10`,
      input,
      background: true,
    });
    await waitFor(
      () => api.client.responses.retrieve(id),
      ({ output_text }) => output_text.length > 20,
      90_000,
    );
    const cancelled = await api.client.responses.cancel(id);
    const cancelledAtMs = Date.now();
    expect(cancelled).toMatchObject({ id, status: 'cancelled', error: null });
    // The demo model tells no usage of what was cancelled, as OpenAI does not.
    expect(cancelled.usage?.output_tokens).toBeGreaterThan(3);
    expect(cancelled.output).toMatchObject([{ type: 'message', status: 'incomplete' }]);
    await waitFor(
      () => api.generations(input),
      (all) => all.every(({ open }) => !open),
      60_000,
    );
    // Two seconds are promised; the rest is what a machine with other files to run takes longer.
    expect(Date.now() - cancelledAtMs).toBeLessThan(5_000);
    expect(await api.client.responses.cancel(id)).toEqual(cancelled);
    expect(await api.client.responses.retrieve(id)).toMatchObject(cancelled);
    expect(await api.generations(input)).toHaveLength(1);
  });

  it('deletes a response, and its items with it', async () => {
    const { id } = await api.client.responses.create({ model, input: 'To be deleted.' });
    await api.client.responses.delete(id);
    const gone = { status: 404, code: 'not_found' };
    await expect(api.client.responses.retrieve(id)).rejects.toMatchObject(gone);
    await expect(api.client.responses.inputItems.list(id)).rejects.toMatchObject(gone);
    await expect(api.client.responses.delete(id)).rejects.toBeInstanceOf(APIError);
  });

  it('lists input items, page by page', async () => {
    const { id } = await api.client.responses.create({
      model,
      input: ['One.', 'Two.', 'Three.'].map((content) => ({ role: 'user' as const, content })),
    });
    const items = await collect(
      api.client.responses.inputItems.list(id, { limit: 2, order: 'asc' }),
    );
    expect(items).toMatchObject(
      ['One.', 'Two.', 'Three.'].map((text) => ({
        type: 'message',
        role: 'user',
        id: expect.any(String),
        content: [{ type: 'input_text', text }],
      })),
    );
    const newestFirst = await collect(api.client.responses.inputItems.list(id));
    expect(newestFirst).toEqual(items.toReversed());
  });

  it('helps with a stream', async () => {
    const deltas: string[] = [];
    const stream = api.client.responses
      .stream({ model, input: 'By the helper.' })
      .on('response.output_text.delta', ({ delta }) => deltas.push(delta));
    const response = await stream.finalResponse();
    expect(response.output_text).toBe(deltas.join(''));
    expect(response.output_text).toContain('By the helper.');
  });

  it('lists the tenant’s responses by status and page', async () => {
    const key = api.clientWith(await api.createKey(`lister-${model}`));
    const ids: string[] = [];
    for (const input of ['a', 'b', 'c']) {
      ids.push((await key.responses.create({ model, input })).id);
    }
    const list = (query: Record<string, string>): Promise<{ data: { id: string }[] }> =>
      key.get('/responses', { query });
    const idsOf = async (query: Record<string, string>) =>
      (await list(query)).data.map(({ id }) => id);
    expect(await idsOf({})).toEqual(ids.toReversed());
    expect(await idsOf({ order: 'asc', limit: '2' })).toEqual(ids.slice(0, 2));
    expect(await idsOf({ order: 'asc', after: ids[1] ?? '' })).toEqual(ids.slice(2));
    expect(await idsOf({ status: 'cancelled' })).toEqual([]);
    expect(await list({ status: 'completed', limit: '1' })).toMatchObject({
      object: 'list',
      has_more: true,
      first_id: ids[2],
      last_id: ids[2],
    });
  });
});
