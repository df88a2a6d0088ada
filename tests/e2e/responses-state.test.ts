import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { allFrames, eventsOf, type ResponseJson } from '../fixtures/event-frames.ts';
import { storedItems } from '../fixtures/stored-items.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
let stranger: string;
beforeAll(async () => {
  api = await startApi({ WAIT_DEFAULT_MS_RESPONSES: '4000', ADMIT_UNSEEN: 'inline' });
  stranger = await api.createKey('stranger');
});
afterAll(() => api.stop());

const create = (body: object, headers = {}) =>
  api.ask<ResponseJson & { usage: { input_tokens: number } }>(
    'POST',
    '/v1/responses',
    body,
    headers,
  );

const notFound = { status: 404, body: { error: { code: 'not_found' } } };

/** What the table keeps of a response: the kinds of its items. */
const kinds = async (id: string): Promise<string[]> =>
  (await storedItems(api.service, id)).map(({ sk }) => String(sk).split('#')[0] ?? '');

describe.concurrent.each(['demo', 'demo-chat'])('a response of %s', (model) => {
  it('goes on with an earlier one of the same tenant', async () => {
    const first = await create({
      model,
      input: 'My name is Auður and I live by the sea.',
      instructions: 'Answer as a lighthouse keeper of many words and a long memory would.',
    });
    const alone = await create({ model, input: 'Who am I?' });
    const second = await create({
      model,
      input: 'Who am I?',
      previous_response_id: first.body.id,
    });
    expect(second.body).toMatchObject({
      status: 'completed',
      previous_response_id: first.body.id,
      instructions: null,
    });
    const third = await create({
      model,
      input: 'And now?',
      previous_response_id: second.body.id,
    });
    const [one, two, three] = [alone, second, third].map(({ body }) => body.usage.input_tokens);
    // The first question of nine words and its answer of sixty tokens; the instructions do not count.
    expect((two ?? 0) - (one ?? 0)).toBeGreaterThan(40);
    expect((three ?? 0) - (two ?? 0)).toBeGreaterThan(40);
    const items = await api.ask<{ data: unknown[] }>(
      'GET',
      `/v1/responses/${second.body.id}/input_items`,
    );
    expect(items.body.data).toHaveLength(1);
  });

  it('cannot go on with one that is not there, not its tenant’s, unstored or unfinished', async () => {
    const { body: own } = await create({ model, input: 'Of mine.' });
    const { body: unstored } = await create({ model, input: 'Not kept.', store: false });
    const { body: pending } = await create({
      model: `${model}?tokens=100&rate=10`,
      input: 'Pending.',
      background: true,
    });
    const refusal = {
      status: 404,
      body: { error: { code: 'not_found', param: 'previous_response_id' } },
    };
    const after = (previous_response_id: string, headers = {}) =>
      create({ model, input: 'Next.', previous_response_id }, headers);
    expect(await after('resp_none')).toMatchObject(refusal);
    expect(await after(own.id, { authorization: `Bearer ${stranger}` })).toMatchObject(refusal);
    expect(await after(unstored.id)).toMatchObject(refusal);
    expect(await after(pending.id)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_value', param: 'previous_response_id' } },
    });
    expect(await after(own.id)).toMatchObject({ status: 200 });
    await api.send('POST', `/v1/responses/${pending.id}/cancel`);
  });

  it('with store: false leaves nothing behind, plain and streamed', async () => {
    const plain = await create({ model, input: 'A plain secret.', store: false });
    expect(plain.body).toMatchObject({ status: 'completed', store: false });
    const frames = await allFrames(
      await api.send('POST', '/v1/responses', {
        model,
        input: 'A streamed secret.',
        store: false,
        stream: true,
      }),
    );
    const last = eventsOf(frames).at(-1);
    expect(last).toMatchObject({ type: 'response.completed', response: { store: false } });
    for (const id of [plain.body.id, last?.response?.id ?? '']) {
      expect(await api.ask('GET', `/v1/responses/${id}`)).toMatchObject(notFound);
      expect(await api.ask('GET', `/v1/responses/${id}/input_items`)).toMatchObject(notFound);
      await waitFor(
        () => kinds(id),
        (left) => left.every((kind) => kind === 'job'),
        90_000,
      );
    }
  });

  it('with store: false that takes longer than its wait is told where it will be', async () => {
    const held = await create({
      model: `${model}?tokens=60&rate=10`,
      input: `Unstored and late on ${model}.`,
      store: false,
    });
    expect(held).toMatchObject({ status: 202, body: { store: false } });
    const path = `/v1/responses/${held.body.id}`;
    const response = await waitFor(
      async () => (await api.ask<ResponseJson>('GET', path)).body,
      ({ status }) => status === 'completed',
      40_000,
    );
    expect(response).toMatchObject({ output: [{ content: [{ text: expect.any(String) }] }] });
    const [job] = (await storedItems(api.service, held.body.id)).filter(({ sk }) => sk === 'job');
    const erasedInMs = Number(job?.['dueAtMs']) - Number(job?.['endedAtMs']);
    expect(erasedInMs).toBe(10 * 60_000);
    await api.send('DELETE', path);
  });

  it('that is deleted leaves a tombstone and nothing else', async () => {
    const { body } = await create({
      model,
      input: 'A stored secret.',
      metadata: { secret: 'yes' },
    });
    expect(new Set(await kinds(body.id))).toEqual(new Set(['job', 'req', 't', 'final']));
    expect(await api.ask('DELETE', `/v1/responses/${body.id}`)).toMatchObject({
      status: 200,
      body: { id: body.id, deleted: true },
    });
    const left = await storedItems(api.service, body.id);
    expect(left.map(({ sk }) => sk)).toEqual(['job']);
    expect(JSON.stringify(left)).not.toContain('secret');
    expect(await api.ask('DELETE', `/v1/responses/${body.id}`)).toMatchObject(notFound);
    const { body: list } = await api.ask<{ data: ResponseJson[] }>('GET', '/v1/responses');
    expect(list.data.map(({ id }) => id)).not.toContain(body.id);
  });

  it('is answered 202 where the client prefers not to wait', async () => {
    const { status, headers, body } = await create(
      { model, input: 'Not waited for.' },
      { prefer: 'respond-async' },
    );
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('respond-async');
    expect(headers.get('location')).toBe(`${api.service.url}/v1/responses/${body.id}`);
    expect(headers.get('retry-after')).toBe('1');
    expect(body).toMatchObject({ object: 'response', status: 'queued', background: false });
  });

  it('can be waited for', async () => {
    const { body } = await create({
      model: `${model}?tokens=30&rate=10`,
      input: 'Waited for.',
      background: true,
    });
    const waited = await api.ask('GET', `/v1/responses/${body.id}`, undefined, {
      prefer: 'wait=20',
    });
    expect(waited).toMatchObject({ status: 200, body: { status: 'completed' } });
    expect(waited.headers.get('preference-applied')).toBe('wait=20');
    expect(waited.headers.get('openai-poll-after-ms')).toBeNull();
  });
});

describe.concurrent('another tenant', () => {
  it('finds nothing of this one’s on any route', async () => {
    const { body } = await create({ model: 'demo', input: 'Of mine alone.' });
    const key = { authorization: `Bearer ${stranger}` };
    const routes = [
      ['GET', `/v1/responses/${body.id}`],
      ['GET', `/v1/responses/${body.id}?stream=true`],
      ['GET', `/v1/responses/${body.id}/input_items`],
      ['POST', `/v1/responses/${body.id}/cancel`],
      ['DELETE', `/v1/responses/${body.id}`],
      ['GET', `/jobs/${body.id}`],
      ['POST', `/jobs/${body.id}/cancel`],
      ['POST', `/jobs/${body.id}/retry`],
    ] as const;
    for (const [method, path] of routes) {
      const answer = await api.ask(method, path, undefined, key);
      expect([path, answer]).toMatchObject([path, notFound]);
    }
    const list = await api.ask<{ data: unknown[] }>('GET', '/v1/responses', undefined, key);
    expect(list.body.data).toEqual([]);
    const own = await api.ask('GET', `/v1/responses/${body.id}`);
    expect(own).toMatchObject({ status: 200, body: { status: 'completed' } });
  });

  it('needs a key on every route', async () => {
    const routes = [
      ['POST', '/v1/responses', {}],
      ['GET', '/v1/responses', undefined],
      ['GET', '/v1/responses/resp_1', undefined],
      ['DELETE', '/v1/responses/resp_1', undefined],
      ['POST', '/v1/responses/resp_1/cancel', undefined],
      ['GET', '/v1/responses/resp_1/input_items', undefined],
      ['POST', '/v1/chat/completions', {}],
      ['GET', '/v1/models', undefined],
      ['GET', '/v1/models/demo', undefined],
      ['GET', '/jobs/resp_1', undefined],
      ['POST', '/jobs/resp_1/cancel', undefined],
      ['POST', '/jobs/resp_1/retry', undefined],
    ] as const;
    for (const [method, path, body] of routes) {
      const answer = await api.ask(method, path, body, { authorization: '' });
      expect([path, answer]).toMatchObject([
        path,
        { status: 401, body: { error: { code: 'invalid_api_key' } } },
      ]);
    }
  });
});
