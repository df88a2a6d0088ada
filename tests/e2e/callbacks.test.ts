import OpenAI from 'openai';
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import {
  type Callback,
  type CallbackReceiver,
  type Delivery,
  type Endpoint,
  type Ledger,
  startCallbackReceiver,
} from '../fixtures/callbacks.ts';
import { runScript } from '../fixtures/command.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
let receiver: CallbackReceiver;
/** The tenant's default secret. */
let secret: string;

const rotate = async (id: string): Promise<string> => {
  const { body } = await api.ask<Endpoint>('POST', `/callback_endpoints/${id}/rotate`);
  return body.secret ?? '';
};

beforeAll(async () => {
  receiver = await startCallbackReceiver({
    '/once-down': [500, 200],
    '/hangs': [0],
    '/gone': [410],
  });
  api = await startApi();
  secret = await rotate('default');
  // Every job is known from its first moment to have a tenant with endpoints.
  await api.send('POST', '/callback_endpoints', {
    url: receiver.url('/incomplete'),
    events: ['response.incomplete'],
  });
});
afterAll(async () => {
  await api.stop();
  await receiver.close();
});

const ledgerOf = async (id: string): Promise<Ledger> =>
  (await api.ask<Ledger>('GET', `/jobs/${id}`)).body;

/** The job's deliveries once all of them have come to an end. */
const delivered = async (id: string, count = 1): Promise<readonly Delivery[]> =>
  (
    await waitFor(
      () => ledgerOf(id),
      ({ deliveries }) =>
        deliveries.length >= count && deliveries.every(({ status }) => status !== 'pending'),
      150_000,
    )
  ).deliveries;

/** What OpenAI's own client makes of it; throws unless it is signed with the secret. */
const unwrapped = ({ body, headers }: Callback, by = secret) =>
  new OpenAI({ apiKey: 'any' }).webhooks.unwrap(body, headers, by);

describe.concurrent('a job’s own callback', () => {
  const plain = { model: 'demo?tokens=5', metadata: { order: '7' } };
  const messages = [{ role: 'user', content: 'Hi' }];
  const long = { model: 'demo?tokens=4000&rate=20' };
  test.each<[string, string, object, string]>([
    ['/generate', 'completed', { ...plain, prompt: 'Hi' }, 'gen_'],
    ['/v1/responses', 'completed', { ...plain, input: 'Hi' }, 'resp_'],
    ['/v1/responses', 'completed', { ...plain, input: 'Hi', stream: true }, 'resp_'],
    ['/v1/responses', 'completed', { ...plain, input: 'Hi', background: true }, 'resp_'],
    ['/v1/responses', 'completed', { ...plain, input: 'Hi', store: false }, 'resp_'],
    [
      '/v1/responses',
      'incomplete',
      { model: 'demo?tokens=50', input: 'Hi', max_output_tokens: 5 },
      'resp_',
    ],
    ['/generate', 'failed', { model: 'demo?fault=400', prompt: 'Hi' }, 'gen_'],
    ['/v1/chat/completions', 'completed', { ...plain, messages }, 'chatcmpl_'],
    ['/v1/chat/completions', 'completed', { ...plain, messages, stream: true }, 'chatcmpl_'],
    ['/v1/responses', 'cancelled', { ...long, input: 'Hi', background: true }, 'resp_'],
  ])('of %s tells that it is %s', async (route, status, body, prefix) => {
    const path = `/own-${Math.random().toString(36).slice(2)}`;
    const answer = await api.send('POST', route, {
      ...body,
      callback: { url: receiver.url(path) },
    });
    const text = await answer.text();
    expect(text).not.toContain('callback');
    if (status === 'cancelled') {
      const { id } = JSON.parse(text) as { id: string };
      await api.send('POST', `/v1/responses/${id}/cancel`);
    }
    const [callback] = await receiver.until(path, 1);
    if (callback === undefined) throw new Error('no callback');
    expect(callback.event.type).toBe(`response.${status}`);
    expect(callback.event.data.id.startsWith(prefix)).toBe(true);
    new Webhook(secret).verify(callback.body, { ...callback.headers });
    expect(await unwrapped(callback)).toEqual(JSON.parse(callback.body));
    expect(Buffer.byteLength(callback.body)).toBeLessThan(20_000);
    // What it names can be read by then, without a key.
    const result = await fetch(callback.event.data.result_url ?? '');
    const told = prefix === 'chatcmpl_' ? { object: 'chat.completion' } : { status };
    expect([result.status, await result.json()]).toMatchObject([200, told]);
    const deliveries = await delivered(callback.event.data.id);
    expect(deliveries.find(({ endpoint_id }) => endpoint_id === null)).toMatchObject({
      status: 'delivered',
      endpoint_id: null,
      webhook_id: callback.headers['webhook-id'],
      attempts: [{ status: 200, first_bytes: expect.stringMatching(/^answer \d+$/) }],
    });
  });

  test('is not sent to the model server', async () => {
    const prompt = `Not told ${Math.random()}`;
    const callback = { url: receiver.url('/quiet'), events: ['response.failed'] };
    const body = { model: 'demo-chat?tokens=5', messages: [{ role: 'user', content: prompt }] };
    const { status } = await api.send('POST', '/v1/chat/completions', { ...body, callback });
    expect(status).toBe(200);
    expect(JSON.stringify(await api.generations(prompt))).not.toContain('callback');
  });

  test('is refused before anything is spent when it may not be called', async () => {
    for (const url of ['http://169.254.169.254/', 'https://10.0.0.1/', 'nonsense']) {
      const refused = await api.ask('POST', '/generate', { prompt: 'Hi', callback: { url } });
      expect(refused).toMatchObject({ status: 400, body: { error: { param: 'callback.url' } } });
    }
  });

  test('that fails is tried again under the same webhook-id, and is in the log', async () => {
    const { body } = await api.ask<{ id: string }>('POST', '/generate', {
      ...plain,
      prompt: 'Hi',
      callback: { url: `${receiver.url('/once-down')}` },
    });
    const [first, second] = await receiver.until('/once-down', 2);
    expect(second?.headers['webhook-id']).toBe(first?.headers['webhook-id']);
    expect(second?.body).toBe(first?.body);
    const [delivery] = await delivered(body.id);
    expect(delivery?.attempts).toMatchObject([
      { status: 500, first_bytes: 'answer 1' },
      { status: 200, first_bytes: 'answer 2' },
    ]);
    const listed = await api.ask<{ data: Delivery[] }>('GET', '/deliveries?status=delivered');
    expect(listed.body.data.map(({ id }) => id)).toContain(delivery?.id);
  });

  test('is told again when its owner asks for it, under another webhook-id', async () => {
    const callback = { url: receiver.url('/again') };
    const { body } = await api.ask<{ id: string }>('POST', '/generate', {
      ...plain,
      prompt: 'Hi',
      callback,
    });
    await delivered(body.id);
    expect(await api.ask('POST', `/jobs/${body.id}/redeliver`)).toMatchObject({ status: 202 });
    const [first, second] = await receiver.until('/again', 2);
    expect(second?.headers['webhook-id']).not.toBe(first?.headers['webhook-id']);
    expect(second?.event.id).toBe(first?.event.id);
    expect(await delivered(body.id, 2)).toHaveLength(2);
  });
});

test.concurrent('a tenant whose callbacks hang keeps no other’s from being delivered', async () => {
  const headers = { authorization: `Bearer ${await api.createKey('hanging')}` };
  const hanging = Array.from({ length: 3 }, (_, index) =>
    api.send(
      'POST',
      '/generate',
      {
        model: 'demo?tokens=5',
        prompt: `Hang ${index}`,
        callback: { url: receiver.url('/hangs') },
      },
      headers,
    ),
  );
  await Promise.all(hanging);
  await receiver.until('/hangs', 1);
  const callback = { url: receiver.url('/prompt') };
  await api.send('POST', '/generate', { model: 'demo?tokens=5', prompt: 'Prompt', callback });
  expect(await receiver.until('/prompt', 1)).toHaveLength(1);
});

describe('an endpoint', () => {
  let endpoint: Endpoint;

  test('is registered with a secret that is shown once', async () => {
    const asked = { url: receiver.url('/endpoint'), events: ['response.completed'] };
    const made = await api.ask<Endpoint>('POST', '/callback_endpoints', asked);
    expect(made).toMatchObject({ status: 201, body: { ...asked, status: 'enabled' } });
    endpoint = made.body;
    expect(endpoint.secret).toMatch(/^whsec_/);
    const found = await api.ask<Endpoint>('GET', `/callback_endpoints/${endpoint.id}`);
    const list = await api.ask<{ data: Endpoint[] }>('GET', '/callback_endpoints');
    expect(list.body.data.map(({ id }) => id)).toContain(endpoint.id);
    for (const shown of [found.body, ...list.body.data]) expect(shown).not.toHaveProperty('secret');
  });

  test('says what the receiver answered to a test', async () => {
    const tried = await api.ask('POST', `/callback_endpoints/${endpoint.id}/test`);
    expect(tried.body).toMatchObject({ delivered: true, status: 200, first_bytes: 'answer 1' });
    const [callback] = await receiver.until('/endpoint', 1);
    if (callback === undefined) throw new Error('no callback');
    expect(callback.event).toMatchObject({ type: 'callback_endpoint.test' });
    new Webhook(endpoint.secret ?? '').verify(callback.body, { ...callback.headers });
  });

  test('is told of jobs that name no URL, signed by both secrets once rotated', async () => {
    const rotated = await rotate(endpoint.id);
    expect(rotated).not.toBe(endpoint.secret);
    await api.send('POST', '/generate', { model: 'demo?tokens=5', prompt: 'Hi' });
    const [, callback] = await receiver.until('/endpoint', 2);
    if (callback === undefined) throw new Error('no callback');
    for (const by of [rotated, endpoint.secret ?? '']) {
      expect(await unwrapped(callback, by)).toMatchObject({ type: 'response.completed' });
    }
    expect(callback.headers['webhook-signature']?.split(' ')).toHaveLength(2);
  });

  test('that answers 410 is disabled, and can be deleted', async () => {
    const { body: gone } = await api.ask<Endpoint>('POST', '/callback_endpoints', {
      url: receiver.url('/gone'),
    });
    await api.send('POST', '/generate', { model: 'demo?tokens=5', prompt: 'Hi' });
    await waitFor(
      async () => (await api.ask<Endpoint>('GET', `/callback_endpoints/${gone.id}`)).body,
      ({ status }) => status === 'disabled',
      150_000,
    );
    const failed = await api.ask<{ data: Delivery[] }>('GET', '/deliveries?status=failed');
    expect(failed.body.data).toMatchObject([{ reason: 'gone', endpoint_id: gone.id }]);
    const tried = await api.ask('POST', `/callback_endpoints/${gone.id}/test`);
    expect(tried.body).toMatchObject({ delivered: false, status: 410 });
    await api.send('DELETE', `/callback_endpoints/${gone.id}`);
    expect(await api.ask('GET', `/callback_endpoints/${gone.id}`)).toMatchObject({ status: 404 });
  });

  test('takes a key with the scope admin', async () => {
    const key = await api.createKey('scopeless');
    const headers = { authorization: `Bearer ${key}` };
    const refused = await api.ask('GET', '/callback_endpoints', undefined, headers);
    expect(refused).toMatchObject({ status: 403, body: { error: { code: 'insufficient_scope' } } });
  });
});

test('the operator can see a tenant’s default secret', async () => {
  const { stdout } = await runScript('scripts/keys.ts', [
    ...['callback-secret', '--tenant', 'local', '--data', api.service.dataDir],
  ]);
  expect(stdout).toContain(secret);
});
