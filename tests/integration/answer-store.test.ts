import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, only, startEngine } from '../fixtures/engine.ts';
import { watchedJobs } from '../fixtures/engine-jobs.ts';
import { postRequest } from '../fixtures/http-request.ts';
import { ask, streamOf } from '../fixtures/keyed.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const model = 'demo?first_ms=0&tokens=30&rate=10000';
const bodies: readonly (readonly [route: string, body: object])[] = [
  ['/generate', { prompt: 'Hello.' }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello.' }] }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: 'Hello.' }], stream: true }],
  ['/v1/responses', { input: 'Hello.' }],
  ['/v1/responses', { input: 'Hello.', stream: true }],
];

test.each(bodies)('a short request of %s %j writes its job’s item twice', async (route, body) => {
  const writes: string[] = [];
  const deps = engine.deps(undefined, ({ jobs }) => ({
    jobs: watchedJobs(jobs, (name) => {
      writes.push(name);
    }),
    upstreams: only(engine.server('chat')),
  }));
  const reply = await ask(deps, postRequest(route, { model, ...body }));
  expect(reply.status).toBe(200);
  if (reply.events !== undefined) await streamOf(reply);
  expect(writes).toEqual(['create', 'settle']);
});

test.each(bodies)('what %s %j has to know before its call is read at once', async (route, body) => {
  const begun: string[] = [];
  const endpoints = Promise.withResolvers<boolean>();
  const deps = engine.deps(undefined, ({ health, durations }) => ({
    hasEndpoints: () => {
      begun.push('endpoints');
      return endpoints.promise;
    },
    durations: {
      ...durations,
      expected: async () => {
        begun.push('durations');
        return undefined;
      },
    },
    health: {
      ...health,
      prefetch: () => {
        begun.push('health');
      },
    },
  }));
  const asked = ask(deps, postRequest(route, { model, ...body }));
  await expect.poll(() => begun.toSorted()).toEqual(['durations', 'endpoints', 'health']);
  endpoints.resolve(false);
  const reply = await asked;
  expect(reply.status).toBe(200);
  if (reply.events !== undefined) await streamOf(reply);
});
