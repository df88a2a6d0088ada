import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { answerControl } from '../../../lib/answer/control.ts';
import { answerRead } from '../../../lib/answer/read.ts';
import { answerResponses } from '../../../lib/answer/responses.ts';
import { resultUrl } from '../../../lib/wire/result-url.ts';
import { routeMethods } from '../../../lib/wire/routes.ts';
import { type Engine, type EngineDeps, startEngine, unending } from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { postRequest } from '../../fixtures/http-request.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const body = { model: 'demo?first_ms=0&rate=10000&tokens=20', input: 'hello' };

const makeResponse = async (deps: EngineDeps): Promise<string> => {
  const request = postRequest('/v1/responses', body, { headers: { 'x-result-ttl': '60' } });
  const reply = await answerResponses(deps, request, 20_000, unending());
  const made: unknown = reply.body;
  if (typeof made === 'object' && made !== null && 'id' in made) return String(made.id);
  throw new Error(`no response: ${JSON.stringify(reply)}`);
};

const refusal = async (asked: Promise<unknown>): Promise<unknown> => {
  try {
    return await asked;
  } catch (thrown) {
    return typeof thrown === 'object' && thrown !== null && 'code' in thrown ? thrown.code : thrown;
  }
};

describe('a response that has expired, before the table has deleted it', () => {
  const expired = async () => {
    const clock = testClock();
    const deps = engine.deps(clock);
    const id = await makeResponse(deps);
    const job = await stored(deps, id);
    clock.leap(job.resultExpiresAtMs - clock.nowMs() + 1);
    expect(await deps.jobs.load(id, 'strong')).toBeDefined();
    return { deps, id, job };
  };

  const routes = Object.keys(routeMethods).filter((route) => route.startsWith('/v1/responses/'));
  const asked = routes.flatMap((route) =>
    (routeMethods[route] ?? [])
      .filter((method) => method !== 'DELETE')
      .map((method) => [method, route]),
  );
  test.each(asked)('is not found by %s %s', async (method = '', route = '') => {
    const { deps, id } = await expired();
    const request = postRequest(route, undefined, { method, pathParameters: { id } });
    const answered =
      method === 'GET'
        ? answerRead(deps, request, unending())
        : answerControl(deps, request, unending());
    expect(await refusal(answered)).toBe('not_found');
  });

  test('is left out of the list', async () => {
    const { deps, id } = await expired();
    const request = postRequest('/v1/responses', undefined, {
      method: 'GET',
      query: { limit: '100' },
    });
    const reply = await answerRead(deps, request, unending());
    expect(JSON.stringify(reply.body)).not.toContain(id);
  });

  test('cannot be gone on with', async () => {
    const { deps, id } = await expired();
    const request = postRequest('/v1/responses', { ...body, previous_response_id: id });
    expect(await refusal(answerResponses(deps, request, 20_000, unending()))).toBe('not_found');
  });

  test('is gone from its result URL', async () => {
    const { deps, id, job } = await expired();
    const [key] = await deps.signingKeys.current();
    if (key === undefined) throw new Error('no key');
    const url = new URL(resultUrl(job.resultBaseUrl, id, job.resultExpiresAtMs, key));
    const request = postRequest('/results/{id}', undefined, {
      method: 'GET',
      pathParameters: { id },
      query: Object.fromEntries(url.searchParams),
      tenant: undefined,
    });
    expect(await refusal(answerRead(deps, request, unending()))).toBe('result_expired');
  });

  test('can still be deleted', async () => {
    const { deps, id } = await expired();
    const request = postRequest('/v1/responses/{id}', undefined, {
      method: 'DELETE',
      pathParameters: { id },
    });
    expect((await answerControl(deps, request, unending())).status).toBe(200);
  });
});
