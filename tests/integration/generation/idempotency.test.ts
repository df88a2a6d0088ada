import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { work } from '../../../lib/generation/work.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { ask, fieldOf, isReplay, keyed } from '../../fixtures/keyed.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const model = 'demo?first_ms=0&tokens=30&rate=1000';
const bodyOf = (prompt: string, more: object = {}) => ({ prompt, model, ...more });
const async = { prefer: 'respond-async' };

const jobsOf = (deps: EngineDeps, tenant: string): Promise<readonly string[]> =>
  deps.jobs.list({ tenant, prefix: 'gen_', order: 'asc', after: undefined, limit: 100 });

test('twenty requests at once with one key have one job, one generation and one answer', async () => {
  const deps = engine.deps();
  const [prompt, key, tenant] = [newPrompt(), randomUUID(), randomUUID()];
  const request = keyed(key, '/generate', bodyOf(prompt), {}, { tenant });
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask(deps, request)));
  expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
  expect(new Set(replies.map((reply) => fieldOf(reply, 'id'))).size).toBe(1);
  expect(replies.filter(isReplay)).toHaveLength(19);
  const [generation, ...others] = await engine.generations(prompt);
  expect(others).toEqual([]);
  expect(new Set(replies.map((reply) => fieldOf(reply, 'text')))).toEqual(
    new Set([generation?.text]),
  );
  expect(await jobsOf(deps, tenant)).toHaveLength(1);
});

test('a repetition waits as long as it asks to, and is answered as the first would be', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  const first = await ask(deps, keyed(key, '/generate', bodyOf(prompt), async));
  expect(first).toMatchObject({ status: 202, headers: { 'preference-applied': 'respond-async' } });
  expect(isReplay(first)).toBe(false);
  const again = await ask(deps, keyed(key, '/generate', bodyOf(prompt), { prefer: 'wait=0' }));
  expect(again).toMatchObject({ status: 202, headers: { 'preference-applied': 'wait=0' } });
  expect(again.headers['location']).toBe(first.headers['location']);
  expect(isReplay(again)).toBe(true);
  const id = String(fieldOf(first, 'id'));
  const waiting = ask(deps, keyed(key, '/generate', bodyOf(prompt)));
  await work(deps, hint(id), unending());
  expect(await waiting).toMatchObject({ status: 200, body: { id, status: 'completed' } });
  expect((await engine.takeMessages()).filter(({ jobId }) => jobId === id)).toEqual([hint(id)]);
});

test('a key with another body, or on another route, is refused with 422', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  await ask(deps, keyed(key, '/generate', bodyOf(prompt)));
  const others = [
    keyed(key, '/generate', bodyOf(prompt, { max_output_tokens: 5 })),
    keyed(key, '/v1/responses', { input: prompt, model }),
    keyed(key, '/jobs/{id}/retry', undefined, {}, { pathParameters: { id: 'gen_1' } }),
  ];
  for (const request of others) {
    await expect(ask(deps, request)).rejects.toMatchObject({
      code: 'idempotency_key_reused',
      reported: { status: 422, type: 'invalid_request_error', param: 'Idempotency-Key' },
    });
  }
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('a key is its tenant’s own', async () => {
  const deps = engine.deps();
  const key = randomUUID();
  const replies = await Promise.all(
    ['acme', 'globex'].map((tenant) =>
      ask(deps, keyed(key, '/generate', bodyOf(`For ${tenant}.`), {}, { tenant })),
    ),
  );
  expect(replies.map(({ status }) => status)).toEqual([200, 200]);
  expect(replies.some(isReplay)).toBe(false);
});

test('a failure is repeated as it was told', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  const request = keyed(key, '/generate', { prompt, model: 'demo?first_ms=0&fault=400' });
  const first = await ask(deps, request);
  expect(first.status).toBe(400);
  const { 'idempotent-replayed': told, ...headers } = (await ask(deps, request)).headers;
  expect(told).toBe('true');
  expect(headers).toEqual(first.headers);
  expect((await ask(deps, request)).body).toEqual(first.body);
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('a request that is refused does not take its key', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  const refused = [
    keyed(key, '/generate', bodyOf('', { temperature: 9 })),
    keyed(key, '/generate', bodyOf(prompt), { 'x-deadline-ms': 'soon' }),
    keyed(key, '/v1/responses', { input: prompt, model, previous_response_id: 'resp_none' }),
    keyed(key, '/v1/responses', { input: prompt, model, tools: [{ type: 'web_search' }] }),
  ];
  for (const request of refused) {
    await expect(ask(deps, request)).rejects.toMatchObject({
      reported: { type: 'invalid_request_error' },
    });
  }
  const accepted = await ask(deps, keyed(key, '/generate', bodyOf(prompt)));
  expect(accepted.status).toBe(200);
  expect(isReplay(accepted)).toBe(false);
});
