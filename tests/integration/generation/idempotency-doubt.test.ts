import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
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
import { ask, fieldOf, isReplay, keyed } from '../../fixtures/keyed.ts';
import { testClock } from '../../fixtures/test-clock.ts';

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

describe('a request with a key that cannot be', () => {
  test('queued counts as accepted, since others may have found its job; the sweep sends', async () => {
    const clock = testClock();
    const real = engine.deps(clock);
    const deps: EngineDeps = {
      ...real,
      queue: {
        send: async () => {
          throw new Fault('queue_unavailable', 'The queue refuses.');
        },
      },
    };
    const [prompt, key] = [newPrompt(), randomUUID()];
    const first = await ask(deps, keyed(key, '/generate', bodyOf(prompt), async));
    expect(first.status).toBe(202);
    const id = String(fieldOf(first, 'id'));
    clock.leap(121_000);
    await sweep(real, unending());
    expect((await engine.takeMessages()).map(({ jobId }) => jobId)).toContain(id);
  });

  test.each([true, false])(
    'recorded for certain is answered 503, and repeated with its key (landed: %s)',
    async (lands) => {
      const clock = testClock(10);
      const real = engine.deps(clock);
      const noAnswer = new Fault('store_unavailable', 'No answer.', {
        retry: { kind: 'later', afterMs: 0 },
      });
      const tenant = randomUUID();
      const deps: EngineDeps = {
        ...real,
        jobs: {
          ...real.jobs,
          create: async (job) => {
            if (lands) await real.jobs.create(job);
            return { kind: 'doubtful', cause: noAnswer };
          },
          load: async () => {
            throw noAnswer;
          },
        },
      };
      const [prompt, key] = [newPrompt(), randomUUID()];
      const request = keyed(key, '/generate', bodyOf(prompt), async, { tenant });
      await expect(ask(deps, request)).rejects.toMatchObject({
        code: 'store_unavailable',
        retryAfterMs: 2_000,
      });
      expect(await jobsOf(real, tenant)).toHaveLength(lands ? 1 : 0);
      const again = await ask(real, request);
      expect(again.status).toBe(202);
      // Where no job was made, this request has made it.
      expect(isReplay(again)).toBe(lands);
      const id = String(fieldOf(again, 'id'));
      expect(await jobsOf(real, tenant)).toEqual([id]);
      await work(real, hint(id), unending());
      expect(await stored(real, id)).toMatchObject({ status: 'completed' });
      expect(await engine.generations(prompt)).toHaveLength(1);
      await engine.takeMessages();
    },
  );
});

describe('a retry', () => {
  const failedJob = async (deps: EngineDeps): Promise<string> => {
    const model = 'demo?first_ms=0&fault=400&times=1';
    const failed = await ask(deps, postRequest('/generate', { prompt: newPrompt(), model }));
    const [id] = /gen_[0-9a-f]+/.exec(failed.headers['location'] ?? '') ?? [''];
    expect(await stored(deps, id)).toMatchObject({ status: 'failed' });
    return id;
  };
  const retry = (id: string, key: string) =>
    keyed(key, '/jobs/{id}/retry', undefined, {}, { pathParameters: { id } });

  test('with a key makes one job, which goes by that key', async () => {
    const deps = engine.deps();
    const [id, key] = [await failedJob(deps), randomUUID()];
    const replies = await Promise.all(Array.from({ length: 20 }, () => ask(deps, retry(id, key))));
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 202));
    expect(replies.filter(isReplay)).toHaveLength(19);
    const { retriedAs = '' } = await stored(deps, id);
    expect(new Set(replies.map((reply) => fieldOf(reply, 'id')))).toEqual(new Set([retriedAs]));
    expect((await stored(deps, retriedAs)).idempotency?.keyHash).toMatch(/^[0-9a-f]{64}$/);
    const messages = await engine.takeMessages();
    expect(messages.filter(({ jobId }) => jobId === retriedAs)).toHaveLength(1);
  });

  test('with a key finds the job of a retry without one', async () => {
    const deps = engine.deps();
    const [id, key] = [await failedJob(deps), randomUUID()];
    const pathParameters = { id };
    const plain = await ask(deps, postRequest('/jobs/{id}/retry', undefined, { pathParameters }));
    const first = await ask(deps, retry(id, key));
    const again = await ask(deps, retry(id, key));
    expect([first, again].map((reply) => fieldOf(reply, 'id'))).toEqual([
      fieldOf(plain, 'id'),
      fieldOf(plain, 'id'),
    ]);
    expect([first, again].map(isReplay)).toEqual([false, true]);
    await engine.takeMessages();
  });
});
