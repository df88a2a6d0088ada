import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerGenerate } from '../../../lib/answer/generate.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { isEnded } from '../../../lib/job/job.ts';
import type { HttpReply } from '../../../lib/wire/http.ts';
import { isJsonObject } from '../../../lib/wire/json-object.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { stored } from '../../fixtures/engine-jobs.ts';
import { postRequest } from '../../fixtures/http-request.ts';
import { ask as askRoute, keyed, streamOf } from '../../fixtures/keyed.ts';
import { mortal } from '../../fixtures/mortal.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

/** A sweep and a worker, as time goes by, until the job has ended. */
const finish = async (deps: EngineDeps, clock: TestClock, id: string): Promise<void> => {
  for (let tried = 0; tried < 10; tried += 1) {
    const job = await stored(deps, id);
    if (isEnded(job)) return;
    if (job.status === 'in_progress') clock.leap(120_000);
    await sweep(deps, unending());
    await work(deps, hint(id), unending());
  }
  throw new Error('the job does not end');
};

const fieldOf = (reply: HttpReply, name: string): unknown =>
  isJsonObject(reply.body) ? reply.body[name] : undefined;

/**
 * One request that stops behind its `calls`th call, then nineteen at once with its key; the name of
 * the call, or undefined when the request was answered before it got there.
 */
const dieAndRepeat = async (calls: number, prefer: string): Promise<string | undefined> => {
  const clock = testClock();
  const real = engine.deps(clock);
  const first = mortal(real, calls);
  const prompt = newPrompt();
  const tenant = `tenant-${prefer.slice(0, 4)}-${calls}`;
  const body = { prompt, model: 'demo?first_ms=0&tokens=30&rate=10000' };
  const ask = (deps: EngineDeps, how: string): Promise<HttpReply> => {
    const headers = { 'idempotency-key': 'one-key', prefer: how };
    return answerGenerate(
      deps,
      postRequest('/generate', body, { tenant, headers }),
      20_000,
      unending(),
    );
  };
  const answered = ask(first.deps, prefer).then(() => undefined);
  const diedAt = await Promise.race([first.died, answered]);

  const others = await Promise.all(Array.from({ length: 19 }, () => ask(real, 'wait=0')));
  const ids = new Set(others.map((reply) => fieldOf(reply, 'id')));
  expect(ids.size).toBe(1);
  const [id = ''] = ids;
  if (typeof id !== 'string') throw new Error('the reply names no job');
  // Where the first one died before its job was made, one of the others has made it.
  const isNews = others.filter((reply) => reply.headers['idempotent-replayed'] !== 'true');
  const died = diedAt ?? 'nowhere';
  expect(isNews.length).toBe(['find', 'reserve', 'putRequest'].includes(died) ? 1 : 0);

  await finish(real, clock, id);
  const list = { tenant, prefix: 'gen_', order: 'asc', after: undefined, limit: 10 } as const;
  expect(await real.jobs.list(list)).toEqual([id]);
  const generations = await engine.generations(prompt);
  const explained = diedAt !== undefined && first.opened() ? 1 : 0;
  expect(generations.length).toBeGreaterThanOrEqual(1);
  expect(generations.length).toBeLessThanOrEqual(1 + explained);
  const replay = await ask(real, 'wait=5');
  expect(replay).toMatchObject({ status: 200, headers: { 'idempotent-replayed': 'true' } });
  expect(fieldOf(replay, 'id')).toBe(id);
  expect(generations.map(({ text }) => text)).toContain(fieldOf(replay, 'text'));
  return diedAt;
};

test.each([
  ['inline', 'wait=20', ['find', 'reserve', 'putRequest', 'create', 'open', 'putFinal', 'write']],
  ['queued', 'respond-async', ['find', 'reserve', 'putRequest', 'create', 'send']],
] as const)(
  'whatever call its first request (%s) dies behind, a key has one job, and it completes',
  async (_, prefer, steps) => {
    const died: string[] = [];
    for (let calls = 1; ; calls += 1) {
      const diedAt = await dieAndRepeat(calls, prefer);
      if (diedAt === undefined) break;
      died.push(diedAt);
    }
    // A beat of the attempt may come in between.
    expect(died).toEqual(expect.arrayContaining([...steps]));
  },
);

/** A streamed request that dies behind its `calls`th call, and is repeated; the name of the call. */
const dieInStream = async (
  route: '/v1/chat/completions' | '/v1/responses',
  calls: number,
): Promise<string | undefined> => {
  const clock = testClock();
  const real = engine.deps(clock);
  const first = mortal(real, calls);
  const tenant = `tenant-stream-${route.length}-${calls}`;
  const prompt = newPrompt();
  const body = {
    ...(route === '/v1/responses'
      ? { input: prompt }
      : { messages: [{ role: 'user', content: prompt }] }),
    model: 'demo?first_ms=0&tokens=30&rate=10000',
    stream: true,
  };
  const read = async (deps: EngineDeps): Promise<string> =>
    streamOf(await askRoute(deps, keyed('one-key', route, body, {}, { tenant })));
  const answered = read(first.deps).then(() => undefined);
  const diedAt = await Promise.race([first.died, answered]);

  const prefix = route === '/v1/responses' ? 'resp_' : 'chatcmpl_';
  const list = { tenant, prefix, order: 'asc', after: undefined, limit: 10 } as const;
  const recorded = await real.jobs.list(list);
  for (const id of recorded) await finish(real, clock, id);
  const replayed = await read(real);
  const ids = await real.jobs.list(list);
  expect(ids).toHaveLength(1);
  expect(recorded.length === 0 || recorded[0] === ids[0]).toBe(true);
  expect(await stored(real, ids[0] ?? '')).toMatchObject({ status: 'completed' });
  expect(replayed.endsWith('data: [DONE]\n\n')).toBe(true);
  expect(replayed).not.toContain('error":{');
  return diedAt;
};

test.each(['/v1/chat/completions', '/v1/responses'] as const)(
  'whatever call a keyed stream of %s dies behind, its repetition reads the whole',
  async (route) => {
    const died: string[] = [];
    for (let calls = 1; ; calls += 1) {
      const diedAt = await dieInStream(route, calls);
      if (diedAt === undefined) break;
      died.push(diedAt);
    }
    expect(died).toEqual(expect.arrayContaining(['reserve', 'putRequest', 'create', 'open']));
  },
);
