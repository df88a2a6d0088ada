import { QueryCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { answerGenerate } from '../../../lib/answer/generate.ts';
import { Fault } from '../../../lib/errors.ts';
import { submitAndWait as submit } from '../../../lib/generation/submit-and-wait.ts';
import type { JobStore } from '../../../lib/ports/jobs.ts';
import type { Queue } from '../../../lib/ports/queues.ts';
import type { Ids } from '../../../lib/ports/system.ts';
import {
  type Engine,
  newPrompt,
  startEngine,
  submission,
  unending,
} from '../../fixtures/engine.ts';
import { testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const queued = (prompt = newPrompt()) => submission({ prompt, respondAsync: true, waitMs: 0 });

/** The ids that were given out. */
const watchedIds = (ids: Ids, given: string[]): Ids => ({
  ...ids,
  next: () => {
    const id = ids.next();
    given.push(`gen_${id}`);
    return id;
  },
});

/** The sort keys of everything kept for a job. */
const keptFor = async (id: string | undefined): Promise<(string | undefined)[]> => {
  const { Items: items = [] } = await engine.table.client.send(
    new QueryCommand({
      TableName: engine.table.tableName,
      KeyConditionExpression: 'pk = :pk',
      ExpressionAttributeValues: { ':pk': { S: id ?? '' } },
    }),
  );
  return items.map((item) => item['sk']?.S);
};

const refusingQueue: Queue = {
  send: async () => {
    throw new Fault('queue_unavailable', 'The queue refuses.');
  },
};
const noAnswer = (): Fault =>
  new Fault('store_unavailable', 'No answer.', { retry: { kind: 'later', afterMs: 0 } });

test('a request that cannot be queued is refused with 503, and nothing of it is left', async () => {
  const given: string[] = [];
  const deps = engine.deps(testClock(), ({ ids }) => ({
    ids: watchedIds(ids, given),
    queue: refusingQueue,
  }));
  await expect(submit(deps, queued(), unending())).rejects.toMatchObject({
    code: 'queue_unavailable',
    retryAfterMs: 2_000,
    reported: { status: 503 },
  });
  expect(given).toHaveLength(1);
  expect(await keptFor(given[0])).toEqual([]);
});

test('a request taken back without an answer is refused as well, and not promised', async () => {
  const given: string[] = [];
  const lossy = (jobs: JobStore): JobStore => ({
    ...jobs,
    withdraw: async (write) => {
      if ((await jobs.withdraw(write)) === 'withdrawn') throw noAnswer();
      return 'refused';
    },
  });
  const deps = engine.deps(testClock(), ({ ids, jobs }) => ({
    ids: watchedIds(ids, given),
    jobs: lossy(jobs),
    queue: refusingQueue,
  }));
  await expect(submit(deps, queued(), unending())).rejects.toMatchObject({
    code: 'queue_unavailable',
  });
  expect(await keptFor(given[0])).toEqual([]);
});

test('a request that cannot be taken back counts as accepted', async () => {
  const deps = engine.deps(testClock(), ({ jobs }) => ({
    jobs: {
      ...jobs,
      withdraw: async () => {
        throw noAnswer();
      },
    },
    queue: refusingQueue,
  }));
  const job = await submit(deps, queued(), unending());
  expect(await deps.jobs.load(job.id, 'strong')).toMatchObject({ status: 'queued' });
});

test('a record whose answer is lost is found again, and one that is lost is written again', async () => {
  for (const lands of [true, false]) {
    let tries = 0;
    const deps = engine.deps(testClock(), ({ jobs }) => ({
      jobs: {
        ...jobs,
        create: async (job) => {
          tries += 1;
          if (tries > 1) return jobs.create(job);
          if (lands) await jobs.create(job);
          return { kind: 'doubtful', cause: noAnswer() };
        },
      },
    }));
    const prompt = newPrompt();
    const job = await submit(deps, submission({ prompt }), unending());
    expect(job.status).toBe('completed');
    expect(tries).toBe(lands ? 1 : 2);
    expect(await engine.generations(prompt)).toHaveLength(1);
  }
});

test.each(['inline', 'queued'])(
  'a request (%s) that cannot be recorded is refused, and nothing of it is left',
  async (admission) => {
    const given: string[] = [];
    const deps = engine.deps(testClock(10), ({ ids, jobs }) => ({
      ids: watchedIds(ids, given),
      jobs: { ...jobs, create: async () => ({ kind: 'doubtful', cause: noAnswer() }) },
    }));
    const prompt = newPrompt();
    const asked = admission === 'inline' ? submission({ prompt }) : queued(prompt);
    await expect(submit(deps, asked, unending())).rejects.toMatchObject({
      code: 'store_unavailable',
      retryAfterMs: 2_000,
      reported: { status: 503 },
    });
    expect(await keptFor(given[0])).toEqual([]);
    expect(await engine.takeMessages()).toEqual([]);
  },
);

test.each(['inline', 'queued'])(
  'a request (%s) that was recorded, but for all one knows was not, is taken back',
  async (admission) => {
    const given: string[] = [];
    const deps = engine.deps(testClock(10), ({ ids, jobs }) => ({
      ids: watchedIds(ids, given),
      jobs: {
        ...jobs,
        create: async (job) => {
          await jobs.create(job);
          return { kind: 'doubtful', cause: noAnswer() };
        },
        load: async () => {
          throw noAnswer();
        },
      },
    }));
    const asked = admission === 'inline' ? submission({}) : queued();
    await expect(submit(deps, asked, unending())).rejects.toMatchObject({
      code: 'store_unavailable',
    });
    expect(await keptFor(given[0])).toEqual([]);
  },
);

test('a finished generation that cannot be read at the moment is answered with its result URL', async () => {
  const deps = engine.deps(testClock(10), ({ content }) => ({
    content: {
      ...content,
      getFinal: async () => {
        throw noAnswer();
      },
    },
  }));
  const request = {
    method: 'POST',
    route: '/generate',
    path: '/generate',
    headers: {},
    query: {},
    pathParameters: {},
    body: { prompt: newPrompt(), model: 'demo?tokens=4&rate=1000&first_ms=0' },
    requestId: 'request-1',
    tenant: 'acme',
    scopes: ['generate'],
    limits: {},
    baseUrl: 'https://example.com/prod',
  };
  const reply = await answerGenerate(deps, request, 20_000, unending());
  expect(reply.status).toBe(202);
  expect(reply.headers['location']).toMatch(/^https:\/\/example\.com\/prod\/results\/gen_/);
});
