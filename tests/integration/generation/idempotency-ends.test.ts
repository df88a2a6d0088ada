import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { type Engine, type EngineDeps, newPrompt, startEngine } from '../../fixtures/engine.ts';
import { postRequest } from '../../fixtures/http-request.ts';
import { ask, fieldOf, isReplay, keyed } from '../../fixtures/keyed.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const hourMs = 3_600_000;
const model = 'demo?first_ms=0&tokens=30&rate=1000';
const bodyOf = (prompt: string, more: object = {}) => ({ prompt, model, ...more });

const jobsOf = (deps: EngineDeps, tenant: string): Promise<readonly string[]> =>
  deps.jobs.list({ tenant, prefix: 'gen_', order: 'asc', after: undefined, limit: 100 });

test('a key is kept for 24 hours, and makes another job after that', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const [prompt, key, tenant] = [newPrompt(), randomUUID(), randomUUID()];
  const request = keyed(key, '/generate', bodyOf(prompt), {}, { tenant });
  const first = await ask(deps, request);
  clock.leap(23.9 * hourMs);
  const kept = await ask(deps, request);
  expect(isReplay(kept)).toBe(true);
  expect(fieldOf(kept, 'id')).toBe(fieldOf(first, 'id'));
  clock.leap(0.2 * hourMs);
  const anew = await ask(deps, request);
  expect(anew.status).toBe(200);
  expect(isReplay(anew)).toBe(false);
  expect(await jobsOf(deps, tenant)).toEqual([fieldOf(first, 'id'), fieldOf(anew, 'id')]);
});

test('a request whose result has expired is answered 410, as long as its key is kept', async () => {
  const clock = testClock();
  const deps = engine.deps(clock);
  const [prompt, key] = [newPrompt(), randomUUID()];
  const headers = { 'x-result-ttl': '60', 'x-deadline-ms': '60000' };
  const request = keyed(key, '/generate', bodyOf(prompt), headers);
  expect((await ask(deps, request)).status).toBe(200);
  for (const hours of [0.5, 5, 18]) {
    clock.leap(hours * hourMs);
    const late = await ask(deps, request);
    expect(late).toMatchObject({
      status: 410,
      headers: { 'x-should-retry': 'false', 'idempotent-replayed': 'true' },
      body: { error: { code: 'result_expired', message: expect.stringContaining('expired') } },
    });
  }
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('what was not to be stored is not repeated, and not generated again', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  const request = keyed(key, '/v1/responses', { input: prompt, model, store: false });
  expect((await ask(deps, request)).status).toBe(200);
  expect(await ask(deps, request)).toMatchObject({
    status: 410,
    headers: { 'x-should-retry': 'false', 'idempotent-replayed': 'true' },
    body: { error: { code: 'result_expired', message: expect.stringContaining('store: false') } },
  });
  const streamed = keyed(key, '/v1/responses', {
    input: prompt,
    model,
    store: false,
    stream: true,
  });
  await expect(ask(deps, streamed)).rejects.toMatchObject({ code: 'idempotency_key_reused' });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('of those who wait together for what is not to be stored, each is told it whole or that it is gone', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  const request = keyed(key, '/v1/responses', { input: prompt, model, store: false });
  const replies = await Promise.all(Array.from({ length: 20 }, () => ask(deps, request)));
  const [generation, ...others] = await engine.generations(prompt);
  expect(others).toEqual([]);
  const told = replies.filter(({ status }) => status === 200);
  expect(told.length).toBeGreaterThanOrEqual(1);
  for (const reply of told) {
    expect(reply.body).toMatchObject({
      status: 'completed',
      output: [{ content: [{ text: generation?.text }] }],
    });
  }
  const gone = replies.filter(({ status }) => status === 410);
  expect(told.length + gone.length).toBe(20);
});

test('a response that was deleted gives its key free', async () => {
  const deps = engine.deps();
  const [prompt, key] = [newPrompt(), randomUUID()];
  const request = keyed(key, '/v1/responses', { input: prompt, model });
  const first = await ask(deps, request);
  const id = String(fieldOf(first, 'id'));
  const deletion = postRequest('/v1/responses/{id}', undefined, {
    method: 'DELETE',
    pathParameters: { id },
  });
  // Its first try gets no further than the tombstone.
  const lamed: EngineDeps = {
    ...deps,
    content: {
      ...deps.content,
      purge: async () => {
        throw new Fault('store_unavailable', 'No answer.');
      },
    },
  };
  await expect(ask(lamed, deletion)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(await ask(deps, request)).toMatchObject({ status: 410 });
  await expect(ask(deps, deletion)).rejects.toMatchObject({ code: 'not_found' });
  const anew = await ask(deps, request);
  expect(anew.status).toBe(200);
  expect(isReplay(anew)).toBe(false);
  expect(fieldOf(anew, 'id')).not.toBe(id);

  await expect(ask(deps, deletion)).rejects.toMatchObject({ code: 'not_found' });
  expect(isReplay(await ask(deps, request))).toBe(true);
});

test('what an answer went on from may be gone when it is repeated', async () => {
  const deps = engine.deps();
  const key = randomUUID();
  const previous = String(
    fieldOf(await ask(deps, postRequest('/v1/responses', { input: 'One.', model })), 'id'),
  );
  const body = { input: 'Two.', model, previous_response_id: previous };
  const first = await ask(deps, keyed(key, '/v1/responses', body));
  const pathParameters = { id: previous };
  await ask(
    deps,
    postRequest('/v1/responses/{id}', undefined, { method: 'DELETE', pathParameters }),
  );
  const again = await ask(deps, keyed(key, '/v1/responses', body));
  expect(isReplay(again)).toBe(true);
  expect(again.body).toEqual(first.body);
});
