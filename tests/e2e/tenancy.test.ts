import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { routeMethods } from '../../lib/wire/routes.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import { storedOfJobs } from '../fixtures/deployment/stored.ts';
import { patientFetch } from '../fixtures/patient-fetch.ts';

/** What is answered without a key; every other route of the API asks for one. */
const open = ['/results/{id}', '/health'];
/** Ids on it are the upstream's, and all tenants' alike. */
const ofModels = '/v1/models/{id+}';

const routes = Object.entries(routeMethods)
  .filter(([route]) => !open.includes(route))
  .flatMap(([route, methods]) =>
    // HEAD is answered wherever GET is.
    [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].map(
      (method) => [`${method} ${route}`, method, route] as const,
    ),
  );
const routesOfIds = routes.filter(([, , route]) => route.includes('{id}'));

/** Good for every route that takes a body. */
const body = JSON.stringify({ model: 'demo?tokens=5', prompt: 'Whose?' });

let deployed: Deployment;
/** What tenant `acme` has: a job of each API, one of them twice, queued, and a callback endpoint. */
let ids: readonly string[];
let othersKey: string;

const call = (method: string, path: string, authorization: string | undefined, text = body) =>
  patientFetch(`${deployed.url}${path}`, {
    method,
    headers: {
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {}),
      ...(authorization === undefined ? {} : { authorization }),
    },
    ...(method === 'POST' ? { body: text } : {}),
  });

const pathOf = (route: string, id: string): string => route.replace(/\{id\+?\}/, id);

const made = async (path: string, request: object): Promise<string> => {
  const text = JSON.stringify({ model: 'demo?tokens=5', ...request });
  const answer = await call('POST', path, `Bearer ${deployed.apiKey}`, text);
  expect(answer.ok).toBe(true);
  const { id } = (await answer.json()) as { id: string };
  return id;
};

const madeEndpoint = async (): Promise<string> => {
  const text = JSON.stringify({ url: 'https://hooks.example.com/jobs' });
  const answer = await call('POST', '/callback_endpoints', `Bearer ${deployed.apiKey}`, text);
  expect(answer.status).toBe(201);
  const { id } = (await answer.json()) as { id: string };
  return id;
};

/** Everything that tenant `acme` can see of its jobs, and what is stored of anybody’s. */
const all = async () => ({
  stored: await storedOfJobs(deployed),
  ledgers: await Promise.all(
    ids.map(async (id) => (await call('GET', `/jobs/${id}`, `Bearer ${deployed.apiKey}`)).json()),
  ),
  generated: await generationsFor(deployed.demo.baseUrl),
});
let before: Awaited<ReturnType<typeof all>>;

beforeAll(async () => {
  deployed = await startDeployment();
  othersKey = await deployed.createKey('other');
  ids = [
    await made('/generate', { prompt: 'Acme’s.' }),
    await made('/v1/responses', { input: 'Acme’s.' }),
    await made('/v1/responses', { input: 'Acme’s, queued.', background: true }),
    await made('/v1/chat/completions', { messages: [{ role: 'user', content: 'Acme’s.' }] }),
    await madeEndpoint(),
  ];
  before = await all();
});
afterAll(async () => {
  // None of the requests of this file may have changed or cost anything.
  const after = await all();
  await deployed.close();
  expect(after).toEqual(before);
});

describe.each([
  ['no key', undefined],
  ['an empty key', 'Bearer '],
  ['a key that nobody has', `Bearer sk-outlast-${'A'.repeat(43)}`],
  ['the key of the local runtime', 'Bearer sk-outlast-local'],
  ['another scheme', 'Basic dXNlcjpwYXNz'],
])('with %s', (_, authorization) => {
  test.each(routes)('%s is 401', async (_route, method, route) => {
    for (const id of ids.slice(0, 2)) {
      const answer = await call(method, pathOf(route, id), authorization);
      expect(answer.status).toBe(401);
      if (method === 'HEAD') continue;
      expect(await answer.json()).toMatchObject({
        error: { code: 'invalid_api_key', type: 'invalid_request_error', param: null },
      });
    }
  });
});

describe('with another tenant’s key', () => {
  const withKey = () => `Bearer ${othersKey}`;

  test.each(routesOfIds)('%s is the 404 of what never was', async (_route, method, route) => {
    for (const id of ids) {
      const nobodys = `${id.slice(0, -8)}00000000`;
      const answer = await call(method, pathOf(route, id), withKey());
      const unknown = await call(method, pathOf(route, nobodys), withKey());
      expect([answer.status, unknown.status]).toEqual([404, 404]);
      const text = await answer.text();
      expect(text).toBe((await unknown.text()).replaceAll(nobodys, id));
      if (method !== 'HEAD')
        expect(JSON.parse(text)).toMatchObject({ error: { code: 'not_found' } });
    }
  });

  test('no response is listed', async () => {
    const answer = await call('GET', '/v1/responses', withKey());
    expect(await answer.json()).toMatchObject({ object: 'list', data: [] });
  });

  test('a response cannot be listed from, nor continued', async () => {
    const [, id = ''] = ids;
    const list = await call('GET', `/v1/responses?after=${id}`, withKey());
    expect(await list.json()).toMatchObject({ data: [] });
    const request = JSON.stringify({ input: 'And?', previous_response_id: id });
    const continued = await call('POST', '/v1/responses', withKey(), request);
    expect(continued.status).toBe(404);
    expect(await continued.json()).toMatchObject({ error: { param: 'previous_response_id' } });
  });
});

test('the models are everybody’s who has a key', async () => {
  const answer = await call('GET', pathOf(ofModels, 'demo'), `Bearer ${othersKey}`);
  expect(await answer.json()).toMatchObject({ id: 'demo', object: 'model' });
});

test('a job of another API is not a response', async () => {
  const [generation = '', , , chat = ''] = ids;
  for (const id of [generation, chat]) {
    for (const [, method, route] of routesOfIds) {
      if (!route.startsWith('/v1/responses/')) continue;
      const answer = await call(method, pathOf(route, id), `Bearer ${deployed.apiKey}`);
      expect(answer.status, `${method} ${route}`).toBe(404);
    }
  }
});
