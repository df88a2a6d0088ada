import { GetItemCommand, PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { newCompany } from '../../../lib/generation/solitude.ts';
import { sweep } from '../../../lib/generation/sweep.ts';
import { work } from '../../../lib/generation/work.ts';
import { claim } from '../../../lib/job/transition.ts';
import type { JobMessage } from '../../../lib/ports/queues.ts';
import {
  type Engine,
  type EngineDeps,
  hint,
  newPrompt,
  startEngine,
  unending,
} from '../../fixtures/engine.ts';
import { queuedJob, stored } from '../../fixtures/engine-jobs.ts';
import { type TestClock, testClock } from '../../fixtures/test-clock.ts';

let engine: Engine;
let clock: TestClock;
let deps: EngineDeps;
beforeAll(async () => {
  engine = await startEngine();
});
afterAll(() => engine.close());

const minuteMs = 60_000;
const key = (id: string) => ({ pk: { S: id }, sk: { S: 'job' } });

const started = (): void => {
  clock = testClock();
  deps = engine.deps(clock);
};

/** What the table holds of the job, whether or not it can be read. */
const rawItem = async (id: string): Promise<Record<string, unknown>> => {
  const { Item = {} } = await engine.table.client.send(
    new GetItemCommand({ TableName: engine.table.tableName, Key: key(id), ConsistentRead: true }),
  );
  return unmarshall(Item);
};

const damage = async (id: string, attribute: string, value: unknown): Promise<void> => {
  await engine.table.client.send(
    new UpdateItemCommand({
      TableName: engine.table.tableName,
      Key: key(id),
      UpdateExpression: 'SET #attribute = :value',
      ExpressionAttributeNames: { '#attribute': attribute },
      ExpressionAttributeValues: marshall({ ':value': value }),
    }),
  );
};

/** Claims the job as a worker does that then dies with its sandbox; the sweep finds that out. */
const crash = async (id: string): Promise<void> => {
  const job = await stored(deps, id);
  const by = { owner: deps.ids.nonce(), upstream: 'demo', model: 'demo', nowMs: clock.nowMs() };
  expect(await deps.jobs.write(claim(job, by))).toMatchObject({ kind: 'written' });
  clock.leap(minuteMs);
  await sweep(deps, unending());
  expect(await stored(deps, id)).toMatchObject({ status: 'queued' });
};

test('a worker leaves a job of a later version, and a damaged one, as they are', async () => {
  started();
  const newer = await queuedJob(engine, deps);
  await damage(newer.id, 'v', 2);
  const damaged = await queuedJob(engine, deps);
  await damage(damaged.id, 'strikes', 'four');
  const before = await Promise.all([rawItem(newer.id), rawItem(damaged.id)]);
  expect(await work(deps, hint(newer.id), unending())).toEqual({
    kind: 'redeliver',
    afterMs: 30_000,
  });
  expect(await work(deps, hint(damaged.id), unending())).toEqual({
    kind: 'unreadable',
    why: expect.stringContaining('strikes'),
  });
  expect(await Promise.all([rawItem(newer.id), rawItem(damaged.id)])).toEqual(before);
});

test('the sweep leaves a job of a later version due, and goes on past it', async () => {
  started();
  const newer = await queuedJob(engine, deps);
  await damage(newer.id, 'v', 2);
  const neighbour = await queuedJob(engine, deps);
  const before = await rawItem(newer.id);
  clock.leap(3 * minuteMs);
  expect(await sweep(deps, unending())).toMatchObject({ failed: 0 });
  expect(deps.logged).toContain('job.left');
  expect(await rawItem(newer.id)).toEqual(before);
  expect(await stored(deps, neighbour.id)).toMatchObject({ epoch: 2 });
  await expect(deps.jobs.load(newer.id, 'strong')).rejects.toMatchObject({
    code: 'item_newer',
    reported: { status: 503 },
    retryAfterMs: 30_000,
  });
  await damage(newer.id, 'v', 1);
  await sweep(deps, unending());
  expect(await stored(deps, newer.id)).toMatchObject({ epoch: 2 });
});

test('the sweep ends a damaged job once, so that it is due no more', async () => {
  started();
  const damaged = await queuedJob(engine, deps);
  await damage(damaged.id, 'ledger', 'gone');
  const ended = await queuedJob(engine, deps, { controls: 'tokens=4' });
  await work(deps, hint(ended.id), unending());
  await damage(ended.id, 'dueAtMs', 1);
  await damage(ended.id, 'admission', null);
  clock.leap(3 * minuteMs);
  expect(await sweep(deps, unending())).toMatchObject({ failed: 0 });
  expect(deps.logged.filter((event) => event === 'job.condemned')).toHaveLength(2);
  expect(await rawItem(damaged.id)).toMatchObject({
    status: 'failed',
    error: { code: 'item_unreadable', httpStatus: 500 },
    endedAtMs: expect.any(Number),
    ledger: 'gone',
  });
  expect(await rawItem(ended.id)).toMatchObject({ status: 'completed' });
  for (const { id } of [damaged, ended]) expect(await rawItem(id)).not.toHaveProperty('dueAtMs');
  await sweep(deps, unending());
  expect(deps.logged.filter((event) => event === 'job.condemned')).toHaveLength(2);
});

test('an item that is nothing but a key and a due time is due no more', async () => {
  started();
  const [id, dueShard] = ['gen_only', 3];
  await engine.table.client.send(
    new PutItemCommand({
      TableName: engine.table.tableName,
      Item: marshall({ pk: id, sk: 'job', dueShard, dueAtMs: 1 }),
    }),
  );
  await sweep(deps, unending());
  expect(await rawItem(id)).toEqual({ pk: id, sk: 'job', dueShard });
});

test('a damaged job that ended failed and can be read again is what its client gets', async () => {
  started();
  const job = await queuedJob(engine, deps);
  await damage(job.id, 'epoch', -1);
  clock.leap(3 * minuteMs);
  await sweep(deps, unending());
  await damage(job.id, 'epoch', 1);
  expect(await stored(deps, job.id)).toMatchObject({
    status: 'failed',
    error: { code: 'item_unreadable', message: expect.not.stringContaining('epoch') },
  });
});

test('a job that was condemned meanwhile, or is of a later version, is spared', async () => {
  started();
  const job = await queuedJob(engine, deps);
  await damage(job.id, 'v', 2);
  const error = { message: 'm', type: 't', param: null, code: 'c', httpStatus: 500 };
  const before = await rawItem(job.id);
  expect(await deps.jobs.condemn(job.id, error, clock.nowMs())).toBe('spared');
  expect(await rawItem(job.id)).toEqual(before);
  expect(await deps.jobs.condemn('gen_nobody', error, clock.nowMs())).toBe('spared');
  expect(await rawItem('gen_nobody')).toEqual({});
});

test('what a later version has written into the ledger survives this one’s attempts', async () => {
  started();
  const job = await queuedJob(engine, deps, { controls: 'tokens=4' });
  await crash(job.id);
  const [lost] = (await stored(deps, job.id)).ledger;
  await damage(job.id, 'ledger', [{ ...lost, addedLater: { deep: ['x'] } }]);
  await damage(job.id, 'addedLater', true);
  await work(deps, hint(job.id), unending());
  expect(await rawItem(job.id)).toMatchObject({
    status: 'completed',
    addedLater: true,
    ledger: [
      { attempt: 1, outcome: 'lost', addedLater: { deep: ['x'] } },
      { attempt: 2, outcome: 'completed' },
    ],
  });
});

test('a job that crashed a sandbox runs after its neighbours, which find themselves done', async () => {
  started();
  const suspect = await queuedJob(engine, deps, { controls: 'tokens=4' });
  await crash(suspect.id);
  const prompts = [newPrompt(), newPrompt()];
  const neighbours = await Promise.all(
    prompts.map((prompt) => queuedJob(engine, deps, { controls: 'tokens=20&rate=200', prompt })),
  );
  const batch = [suspect, ...neighbours].map(({ id }) => hint(id));
  const company = newCompany(() => 900_000);
  const working = batch.map((message) => work(deps, message, unending(), company));
  await Promise.all(working.slice(1));
  const [ended] = await Promise.all(working);
  expect(ended).toEqual({ kind: 'acknowledge' });
  const [last, ...first] = await Promise.all(
    [suspect, ...neighbours].map(({ id }) => stored(deps, id)),
  );
  expect(last).toMatchObject({ status: 'completed', attempt: 2, strikes: 1 });
  const doneAtMs = Math.max(...first.map(({ ledger }) => ledger[0]?.endedAtMs ?? Number.NaN));
  expect(last?.ledger[1]?.startedAtMs).toBeGreaterThanOrEqual(doneAtMs);
  // Had the sandbox died with the suspect, the whole batch would come again.
  for (const message of batch) {
    expect(await work(deps, message, unending())).toEqual({ kind: 'acknowledge' });
  }
  for (const prompt of prompts) expect(await engine.generations(prompt)).toHaveLength(1);
});

test('of a batch that crashed each job runs alone, and none waits for another to end', async () => {
  started();
  const suspects = await Promise.all(
    Array.from({ length: 4 }, () => queuedJob(engine, deps, { controls: 'tokens=4' })),
  );
  for (const { id } of suspects) await crash(id);
  await engine.takeMessages();
  // The first that runs goes on until all others have ended.
  const { promise: othersEnded, resolve: endFirst } = Promise.withResolvers<void>();
  let isFirst = true;
  const getRequest: EngineDeps['content']['getRequest'] = async (job) => {
    if (isFirst) {
      isFirst = false;
      await othersEnded;
    }
    return deps.content.getRequest(job);
  };
  const slow: EngineDeps = { ...deps, content: { ...deps.content, getRequest } };
  let acknowledged = 0;
  /** One sandbox is given these messages; what it has sent on when all but one are acknowledged. */
  const sandbox = async (messages: readonly JobMessage[]) => {
    const company = newCompany(() => 900_000);
    const from = acknowledged;
    const worked = messages.map(async (message) => {
      expect(await work(slow, message, unending(), company)).toEqual({ kind: 'acknowledge' });
      acknowledged += 1;
    });
    await expect.poll(() => acknowledged - from).toBeGreaterThanOrEqual(messages.length - 1);
    return { worked, sentOn: await engine.takeMessages() };
  };
  const first = await sandbox(suspects.map(({ id }) => hint(id)));
  let { sentOn } = first;
  for (const left of [3, 2, 1]) {
    expect(sentOn).toHaveLength(left);
    const next = await sandbox(sentOn);
    await Promise.all(next.worked);
    sentOn = next.sentOn;
  }
  const during = await Promise.all(suspects.map(({ id }) => stored(deps, id)));
  expect(during.map(({ status }) => status).toSorted()).toEqual([
    'completed',
    'completed',
    'completed',
    'queued',
  ]);
  endFirst();
  await Promise.all(first.worked);
  for (const { id } of suspects) {
    expect(await stored(deps, id)).toMatchObject({ status: 'completed', attempt: 2, strikes: 1 });
  }
});

test('a suspect that another worker took while it waited is not run twice', async () => {
  started();
  const prompt = newPrompt();
  const suspect = await queuedJob(engine, deps, { controls: 'tokens=4', prompt });
  await crash(suspect.id);
  const neighbour = await queuedJob(engine, deps, { controls: 'tokens=40&rate=100' });
  const company = newCompany(() => 900_000);
  const waiting = work(deps, hint(suspect.id), unending(), company);
  const beside = work(deps, hint(neighbour.id), unending(), company);
  await work(deps, hint(suspect.id), unending());
  await beside;
  expect(await waiting).toEqual({ kind: 'acknowledge' });
  expect(await stored(deps, suspect.id)).toMatchObject({ status: 'completed', attempt: 2 });
  expect(await engine.generations(prompt)).toHaveLength(1);
});

test('a suspect whose turn comes too late goes back to the queue, unclaimed', async () => {
  started();
  const suspect = await queuedJob(engine, deps);
  await crash(suspect.id);
  const company = newCompany(() => 60_000);
  const { promise, resolve: end } = Promise.withResolvers<void>();
  const beside = company.join(() => promise);
  const load: EngineDeps['jobs']['load'] = async (...asked) => {
    const job = await deps.jobs.load(...asked);
    setImmediate(end);
    return job;
  };
  const watched = { ...deps, jobs: { ...deps.jobs, load } };
  expect(await work(watched, hint(suspect.id), unending(), company)).toMatchObject({
    kind: 'redeliver',
  });
  await beside;
  expect(await stored(deps, suspect.id)).toMatchObject({ status: 'queued', attempt: 1 });
});
