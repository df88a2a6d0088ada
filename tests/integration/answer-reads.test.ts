import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, newPrompt, startEngine } from '../fixtures/engine.ts';
import { postRequest } from '../fixtures/http-request.ts';
import { ask } from '../fixtures/keyed.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const model = 'demo?first_ms=0&tokens=3&rate=10000';

test.each<[string, object]>([
  ['/generate', { prompt: newPrompt() }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: newPrompt() }] }],
  ['/v1/responses', { input: newPrompt() }],
])('what %s has to know before its call is read at once', async (route, body) => {
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
  const reply = ask(deps, postRequest(route, { model, ...body }));
  await expect.poll(() => begun.toSorted()).toEqual(['durations', 'endpoints', 'health']);
  endpoints.resolve(false);
  expect((await reply).status).toBe(200);
});
