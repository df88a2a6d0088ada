import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Engine, newPrompt, only, startEngine } from '../fixtures/engine.ts';
import { watchedJobs } from '../fixtures/engine-jobs.ts';
import { postRequest } from '../fixtures/http-request.ts';
import { ask, streamOf } from '../fixtures/keyed.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const model = 'demo?first_ms=0&tokens=30&rate=10000';

test.each<[string, object]>([
  ['/generate', { prompt: newPrompt() }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: newPrompt() }] }],
  ['/v1/chat/completions', { messages: [{ role: 'user', content: newPrompt() }], stream: true }],
  ['/v1/responses', { input: newPrompt() }],
  ['/v1/responses', { input: newPrompt(), stream: true }],
])('a short request of %s %j writes its job’s item twice', async (route, body) => {
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
