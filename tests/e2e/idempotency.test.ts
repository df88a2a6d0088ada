import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isJsonObject } from '../../lib/wire/json-object.ts';
import { routeMethods } from '../../lib/wire/routes.ts';
import { type Api, startApi } from '../fixtures/api.ts';
import { collect } from '../fixtures/collect.ts';
import { allFrames } from '../fixtures/event-frames.ts';
import { hasEnded, ledgerOf } from '../fixtures/job-ledger.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const model = 'demo?first_ms=0&tokens=40&rate=200';
const newPrompt = (): string => `Once and for all, ${randomUUID()}.`;
const chatOf = (content: string) => ({ model, messages: [{ role: 'user' as const, content }] });

/** The id of a job that has failed. */
const failedJob = async (): Promise<string> => {
  const failing = { model: 'demo?first_ms=0&fault=400&times=1', prompt: newPrompt() };
  const { headers } = await api.send('POST', '/generate', failing);
  return /gen_[0-9a-f]+/.exec(headers.get('location') ?? '')?.[0] ?? '';
};

/** A request of each route that creates a job; the bodies are of the prompt. */
const creating: Readonly<
  Record<string, { path?(): Promise<string>; body?(prompt: string): object }>
> = {
  '/generate': { body: (prompt) => ({ model, prompt }) },
  '/v1/responses': { body: (input) => ({ model, input }) },
  '/v1/chat/completions': { body: chatOf },
  '/jobs/{id}/retry': { path: async () => `/jobs/${await failedJob()}/retry` },
};
/** What is posted to them is about a job that is there already. */
const creatingNothing = [
  '/v1/responses/{id}/cancel',
  '/jobs/{id}/cancel',
  '/jobs/{id}/redeliver',
  '/callback_endpoints',
  '/callback_endpoints/{id}/rotate',
  '/callback_endpoints/{id}/test',
];

const post = (path: string, body: object | undefined, key: string, headers = {}) =>
  api.send('POST', path, body, { 'idempotency-key': key, ...headers });
const isReplay = (answer: Response) => answer.headers.get('idempotent-replayed') === 'true';
const idOf = async (answer: Response): Promise<string> => {
  const body: unknown = await answer.json();
  const id = isJsonObject(body) ? body['id'] : undefined;
  if (typeof id !== 'string') throw new Error(`no id: ${JSON.stringify(body)}`);
  return id;
};
const eventsIn = async (answer: Response): Promise<string[]> =>
  (await allFrames(answer)).filter(({ isComment }) => !isComment).map(({ text }) => text);

it('is known to every route that creates a job', () => {
  const posted = Object.entries(routeMethods).filter(([, methods]) => methods.includes('POST'));
  expect([...Object.keys(creating), ...creatingNothing].toSorted()).toEqual(
    posted.map(([route]) => route).toSorted(),
  );
});

describe.concurrent.each(Object.entries(creating))('an Idempotency-Key on %s', (route, made) => {
  const request = async () => ({
    path: (await made.path?.()) ?? route,
    body: made.body?.(newPrompt()),
    key: randomUUID(),
  });

  it('gives the same job again', async () => {
    const { path, body, key } = await request();
    const first = await post(path, body, key);
    expect([200, 202]).toContain(first.status);
    expect(isReplay(first)).toBe(false);
    const id = await idOf(first);
    const again = await post(path, body, `"${key}"`);
    expect(isReplay(again)).toBe(true);
    expect(await again.json()).toMatchObject({ id });
  });

  it('is refused with another request, and when it is malformed', async () => {
    const { path, body, key } = await request();
    await post(path, body, key);
    const other = await api.ask(
      'POST',
      '/generate',
      { prompt: 'Another.' },
      { 'idempotency-key': key },
    );
    expect(other).toMatchObject({
      status: 422,
      body: { error: { code: 'idempotency_key_reused' } },
    });
    const malformed = await post(path, body, 'two words');
    expect(malformed.status).toBe(400);
    expect(await malformed.json()).toMatchObject({
      error: { code: 'invalid_value', param: 'Idempotency-Key' },
    });
  });
});

describe.concurrent('an Idempotency-Key', () => {
  it('on twenty requests at once has one generation', async () => {
    const [prompt, key] = [newPrompt(), randomUUID()];
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        post('/generate', { model, prompt }, key, { prefer: 'wait=120' }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 200));
    expect(answers.filter(isReplay)).toHaveLength(19);
    expect(new Set(await Promise.all(answers.map(idOf))).size).toBe(1);
    expect(await api.generations(prompt)).toHaveLength(1);
  });

  it.each([
    [
      '/v1/chat/completions',
      (prompt: string) => ({ ...chatOf(prompt), stream_options: { include_usage: true } }),
    ],
    ['/v1/responses', (input: string) => ({ model, input })],
    ['/v1/responses', (input: string) => ({ model, input, background: true })],
  ])(
    'repeats a stream of %s to the byte, while it runs and when it is done',
    async (path, bodyOf) => {
      const [prompt, key] = [newPrompt(), randomUUID()];
      const body = { ...bodyOf(prompt), stream: true };
      const both = await Promise.all([post(path, body, key), post(path, body, key)]);
      expect(both.map(isReplay).toSorted()).toEqual([false, true]);
      const [one, two] = await Promise.all(both.map(eventsIn));
      const later = await post(path, body, key);
      expect(later.headers.get('content-type')).toContain('text/event-stream');
      expect(isReplay(later)).toBe(true);
      expect(one?.length).toBeGreaterThan(10);
      expect(two).toEqual(one);
      expect(await eventsIn(later)).toEqual(one);
      expect(await api.generations(prompt)).toHaveLength(1);
    },
  );

  it('finds a job that its client asked not to be waited for', async () => {
    const [prompt, key] = [newPrompt(), randomUUID()];
    const first = await post('/generate', { model, prompt }, key, { prefer: 'respond-async' });
    expect(first.status).toBe(202);
    const id = await idOf(first);
    await waitFor(() => ledgerOf(api, id), hasEnded, 60_000);
    const done = await post('/generate', { model, prompt }, key, { prefer: 'wait=60' });
    expect(done.status).toBe(200);
    expect(isReplay(done)).toBe(true);
    expect(await done.json()).toMatchObject({ id, status: 'completed' });
    expect(await api.generations(prompt)).toHaveLength(1);
  });

  it('works by OpenAI’s client, plain, streamed and in the background', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const { responses, chat } = api.client;
    const body = { model, input: newPrompt() };
    const plain = await responses.create(body, { headers }).withResponse();
    const again = await responses.create(body, { headers }).withResponse();
    expect(again.data).toEqual(plain.data);
    expect([plain, again].map(({ response }) => isReplay(response))).toEqual([false, true]);

    const chatBody = { ...chatOf(newPrompt()), stream: true as const };
    const chatHeaders = { 'Idempotency-Key': randomUUID() };
    const told = await collect(await chat.completions.create(chatBody, { headers: chatHeaders }));
    expect(
      await collect(await chat.completions.create(chatBody, { headers: chatHeaders })),
    ).toEqual(told);

    const background = { ...body, background: true };
    const backgroundHeaders = { 'Idempotency-Key': randomUUID() };
    const { id } = await responses.create(background, { headers: backgroundHeaders });
    await waitFor(() => ledgerOf(api, id), hasEnded, 60_000);
    expect(await responses.create(background, { headers: backgroundHeaders })).toMatchObject({
      id,
      status: 'completed',
    });
  });

  it('is free again once its response is deleted', async () => {
    const headers = { 'Idempotency-Key': randomUUID() };
    const body = { model, input: newPrompt() };
    const first = await api.client.responses.create(body, { headers });
    await api.client.responses.delete(first.id);
    const anew = await api.client.responses.create(body, { headers }).withResponse();
    expect(anew.data.id).not.toBe(first.id);
    expect(isReplay(anew.response)).toBe(false);
  });
});
