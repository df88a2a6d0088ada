import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { HttpRequest } from '../../../lib/wire/http.ts';
import { type Engine, newPrompt, only, startEngine } from '../../fixtures/engine.ts';
import { ask, fieldOf, isReplay, keyed } from '../../fixtures/keyed.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const model = 'demo?first_ms=0&tokens=10&rate=10000';

/** What was open to the tenant when the first request came, and is not any more. */
const since: readonly (readonly [
  string,
  { readonly limits: HttpRequest['limits']; readonly headers?: Record<string, string> },
  object?,
])[] = [
  ['its model', { limits: { models: ['another'] } }],
  [
    'its callback’s host',
    { limits: { callbackHosts: [] } },
    { callback: { url: 'https://hooks.example.com/' } },
  ],
  [
    'its result’s time to live',
    { limits: { resultTtlSeconds: 60 }, headers: { 'x-result-ttl': '3600' } },
  ],
  ['its tokens', { limits: { tokensPerDay: 1 } }],
  ['its jobs', { limits: { queuedJobs: 1, jobsInFlight: 1, requestsPerMinute: 1 } }],
];

describe('a repetition of what was accepted', () => {
  const routes = [
    ['/generate', (prompt: string) => ({ prompt })],
    ['/v1/responses', (input: string) => ({ input })],
    [
      '/v1/chat/completions',
      (content: string) => ({ messages: [{ role: 'user' as const, content }] }),
    ],
  ] as const;
  const cases = routes.flatMap(([route, bodyOf]) =>
    since.map(([what, now, more]) => ({ route, bodyOf, what, now, more })),
  );

  test.each(cases)('on $route is answered although $what is not allowed now', async (asked) => {
    const { route, bodyOf, now, more } = asked;
    const deps = engine.deps();
    const [key, tenant] = [randomUUID(), randomUUID()];
    const body = { model, ...bodyOf(newPrompt()), ...more };
    const first = await ask(deps, keyed(key, route, body, now.headers, { tenant }));
    expect(first.status).toBe(200);
    const { limits } = now;
    const again = await ask(deps, keyed(key, route, body, now.headers, { tenant, limits }));
    expect(again).toMatchObject({ status: 200 });
    expect(isReplay(again)).toBe(true);
    expect(fieldOf(again, 'id')).toBe(fieldOf(first, 'id'));
  });

  test('that named an upstream’s object is answered although those are not allowed now', async () => {
    const deps = engine.deps(undefined, () => ({ upstreams: only(engine.server('responses')) }));
    const [key, tenant] = [randomUUID(), randomUUID()];
    const part = { type: 'input_file', file_id: 'file-1' };
    const input = [{ role: 'user', content: [{ type: 'input_text', text: newPrompt() }, part] }];
    const request = (limits: HttpRequest['limits']): HttpRequest =>
      keyed(key, '/v1/responses', { model, input }, {}, { tenant, limits });
    const first = await ask(deps, request({ upstreamObjects: true }));
    const again = await ask(deps, request({}));
    expect(isReplay(again)).toBe(true);
    expect(again.status).toBe(first.status);
    expect(fieldOf(again, 'id')).toBe(fieldOf(first, 'id'));
  });
});

test('what was not accepted yet is judged by the limits of now', async () => {
  const deps = engine.deps();
  const [key, tenant] = [randomUUID(), randomUUID()];
  const limits = { models: ['another'] };
  const request = keyed(key, '/generate', { model, prompt: newPrompt() }, {}, { tenant, limits });
  await expect(ask(deps, request)).rejects.toMatchObject({ code: 'model_not_allowed' });
});
