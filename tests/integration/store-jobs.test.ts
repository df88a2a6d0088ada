import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { dynamoClient } from '../../lib/adapters/dynamo-client.ts';
import { dueShard } from '../../lib/adapters/dynamo-job-item.ts';
import { dynamoJobs } from '../../lib/adapters/dynamo-jobs.ts';
import { epochMs } from '../../lib/job/time.ts';
import type { Clause, JobWrite } from '../../lib/job/write.ts';
import { dueShards } from '../../lib/limits.ts';
import type { JobStore } from '../../lib/ports/jobs.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import { queuedJob } from '../fixtures/jobs.ts';

const clock = { nowMs: () => epochMs(Date.now()) };

let table: TableEmulator;
let jobs: JobStore;
beforeAll(async () => {
  table = await startTable();
  jobs = dynamoJobs(table.client, table.tableName, clock);
});
afterAll(() => table.close());

const write = (
  id: string,
  when: readonly Clause[],
  set: JobWrite['set'] = { epoch: 2 },
  clear: JobWrite['clear'] = [],
): JobWrite => ({ name: 'test', id, when, set, clear });

const created = async (fields: Parameters<typeof queuedJob>[0] = {}) => {
  const job = queuedJob(fields);
  expect(await jobs.create(job)).toEqual({ kind: 'created' });
  return job;
};

describe('create and load', () => {
  test('a job comes back as it was put, at either consistency', async () => {
    const job = await created({
      metadata: { empty: '', unicode: 'ÆØÅ 日本 🙂' },
      ledger: [
        {
          attempt: 1,
          via: 'worker',
          upstream: 'openai',
          model: 'demo',
          startedAtMs: epochMs(5),
          errorCode: undefined,
        },
      ],
      segments: [{ attempt: 1, upTo: 7 }],
    });
    expect(await jobs.load(job.id, 'strong')).toEqual(job);
    expect(await jobs.load(job.id, 'eventual')).toEqual(job);
  });

  test('the endpoint of the environment is called', async () => {
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', table.endpoint);
    vi.stubEnv('AWS_REGION', 'us-east-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
    const job = await created();
    const client = dynamoClient();
    expect(await dynamoJobs(client, table.tableName, clock).load(job.id, 'strong')).toEqual(job);
    client.destroy();
    vi.unstubAllEnvs();
  });

  test('an id that nobody has is undefined', async () => {
    expect(await jobs.load('gen_none', 'strong')).toBeUndefined();
  });

  test('an id longer than a key can be is one that nobody has', async () => {
    expect(await jobs.load('resp_'.padEnd(3_000, 'a'), 'strong')).toBeUndefined();
  });

  test('of many creators of one id exactly one wins, and its item stands', async () => {
    const job = queuedJob();
    const owners = Array.from({ length: 8 }, (_, index) => `owner-${index}`);
    const outcomes = await Promise.all(owners.map((owner) => jobs.create({ ...job, owner })));
    const winners = owners.filter((_, index) => outcomes[index]?.kind === 'created');
    expect(winners).toHaveLength(1);
    expect(outcomes.filter(({ kind }) => kind === 'refused')).toHaveLength(7);
    expect((await jobs.load(job.id, 'strong'))?.owner).toBe(winners[0]);
  });

  test('an expired item that is not deleted yet is gone', async () => {
    const resultExpiresAtMs = epochMs(1_700_000_000_500);
    const job = await created({ resultExpiresAtMs });
    const at = (nowMs: number) =>
      dynamoJobs(table.client, table.tableName, { nowMs: () => epochMs(nowMs) });
    const hourLater = resultExpiresAtMs + 3_600_000;
    expect(await at(hourLater).load(job.id, 'strong')).toEqual(job);
    expect(await at(hourLater + 1_000).load(job.id, 'strong')).toBeUndefined();
  });

  test('the TTL is in seconds, an hour after the result expires, and moves with it', async () => {
    const job = await created({ resultExpiresAtMs: epochMs(1_900_000_000_001) });
    const ttl = async () => {
      const { Items: items = [] } = await table.client.send(
        new ScanCommand({
          TableName: table.tableName,
          FilterExpression: 'pk = :id',
          ExpressionAttributeValues: { ':id': { S: job.id } },
        }),
      );
      return items[0]?.['expiresAtSeconds']?.N;
    };
    expect(await ttl()).toBe('1900003601');
    await jobs.write(write(job.id, [], { resultExpiresAtMs: epochMs(1_900_000_010_000) }));
    expect(await ttl()).toBe('1900003610');
  });

  test('a job is kept an hour longer than the key that finds it', async () => {
    const idempotency = { keyHash: 'hash', expiresAtMs: epochMs(1_900_000_500_000) };
    const job = await created({ resultExpiresAtMs: epochMs(1_900_000_000_000), idempotency });
    const keptMs = idempotency.expiresAtMs + 3_600_000;
    const at = (nowMs: number) =>
      dynamoJobs(table.client, table.tableName, { nowMs: () => epochMs(nowMs) });
    expect(await at(keptMs - 1).load(job.id, 'strong')).toEqual(job);
    expect(await at(keptMs).load(job.id, 'strong')).toBeUndefined();
  });
});

describe('write', () => {
  const fields = { attempt: 3, owner: 'me', notBeforeMs: epochMs(1_000) };
  const clauses: readonly [string, Clause, boolean][] = [
    ['is, a number that is equal', { field: 'attempt', is: 3 }, true],
    ['is, another number', { field: 'attempt', is: 4 }, false],
    ['is, a string that is equal', { field: 'owner', is: 'me' }, true],
    ['is, another string', { field: 'owner', is: 'you' }, false],
    ['is, a number against a string', { field: 'attempt', is: '3' }, false],
    ['in, among them', { field: 'status', in: ['in_progress', 'queued'] }, true],
    ['in, not among them', { field: 'status', in: ['failed', 'cancelled'] }, false],
    ['at most, below', { field: 'notBeforeMs', atMost: 1_001 }, true],
    ['at most, equal', { field: 'notBeforeMs', atMost: 1_000 }, true],
    ['at most, above', { field: 'notBeforeMs', atMost: 999 }, false],
    ['below, below', { field: 'notBeforeMs', below: 1_001 }, true],
    ['below, equal', { field: 'notBeforeMs', below: 1_000 }, false],
    ['a field the job lacks is nothing', { field: 'followedUntilMs', atMost: 9 }, false],
    ['a field the job lacks equals nothing', { field: 'answeredBy', is: '' }, false],
  ];
  test.each(clauses)('%s', async (_name, clause, holds) => {
    const job = await created(fields);
    const outcome = await jobs.write(write(job.id, [clause], { epoch: 9 }));
    expect(outcome).toEqual(
      holds ? { kind: 'written', job: { ...job, epoch: 9 } } : { kind: 'refused' },
    );
    expect((await jobs.load(job.id, 'strong'))?.epoch).toBe(holds ? 9 : 1);
  });

  test('all clauses have to hold', async () => {
    const job = await created();
    const when: Clause[] = [
      { field: 'epoch', is: 1 },
      { field: 'writeNo', is: 5 },
    ];
    expect(await jobs.write(write(job.id, when))).toEqual({ kind: 'refused' });
  });

  test('a cleared field is gone, and one set to undefined too', async () => {
    const job = await created({ followedUntilMs: epochMs(5) });
    const outcome = await jobs.write(
      write(
        job.id,
        [],
        {
          status: 'completed',
          endedAtMs: epochMs(9),
          usage: undefined,
          followedUntilMs: undefined,
        },
        ['dueAtMs'],
      ),
    );
    expect(outcome.kind).toBe('written');
    const loaded = await jobs.load(job.id, 'strong');
    expect(loaded?.status).toBe('completed');
    expect(loaded).not.toHaveProperty('dueAtMs');
    expect(loaded).not.toHaveProperty('followedUntilMs');
  });

  test('an update never creates an item', async () => {
    const { id } = queuedJob();
    expect(await jobs.write(write(id, []))).toEqual({ kind: 'refused' });
    expect(await jobs.load(id, 'strong')).toBeUndefined();
  });

  test('a write without changes only checks its clauses', async () => {
    const job = await created();
    expect(await jobs.write(write(job.id, [{ field: 'epoch', is: 1 }], {}))).toEqual({
      kind: 'written',
      job,
    });
  });

  test('of concurrent writes behind the same fence one is written', async () => {
    const job = await created();
    const outcomes = await Promise.all(
      Array.from({ length: 8 }, (_, index) =>
        jobs.write(
          write(job.id, [{ field: 'writeNo', is: 0 }], { writeNo: 1, owner: `o-${index}` }),
        ),
      ),
    );
    expect(outcomes.filter(({ kind }) => kind === 'written')).toHaveLength(1);
  });
});

describe('withdraw', () => {
  test('deletes the item when the clauses hold', async () => {
    const job = await created();
    expect(await jobs.withdraw(write(job.id, [{ field: 'owner', is: job.owner }]))).toBe(
      'withdrawn',
    );
    expect(await jobs.load(job.id, 'strong')).toBeUndefined();
  });

  test('leaves the item when they do not, and refuses one that is not there', async () => {
    const job = await created();
    expect(await jobs.withdraw(write(job.id, [{ field: 'owner', is: 'x' }]))).toBe('refused');
    expect(await jobs.load(job.id, 'strong')).toEqual(job);
    expect(await jobs.withdraw(write('gen_none', []))).toBe('refused');
  });
});

describe('due', () => {
  test('lists what is due in a shard, oldest first, up to the limit', async () => {
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, index) => created({ dueAtMs: epochMs(1_000 - index) })),
    );
    await created({ dueAtMs: epochMs(5_000_000) });
    for (const shard of Array.from({ length: dueShards }, (_, index) => index)) {
      const mine = all
        .filter(({ id }) => dueShard(id) === shard)
        .map(({ id }) => id)
        .reverse();
      expect(await jobs.due(shard, epochMs(1_000), 100)).toEqual(mine);
      expect(await jobs.due(shard, epochMs(1_000), 2)).toEqual(mine.slice(0, 2));
    }
  });

  test('a job without a due time is in no shard, and one whose time moved is in its place', async () => {
    const gone = await created({ dueAtMs: epochMs(10) });
    const moved = await created({ dueAtMs: epochMs(10) });
    await jobs.write(write(gone.id, [], {}, ['dueAtMs']));
    await jobs.write(write(moved.id, [], { dueAtMs: epochMs(500_000) }));
    const dueBy = async (atMs: number) =>
      (
        await Promise.all(
          Array.from({ length: dueShards }, (_, shard) => jobs.due(shard, epochMs(atMs), 100)),
        )
      ).flat();
    expect(await dueBy(100)).toEqual([]);
    expect(await dueBy(500_000)).toContain(moved.id);
    expect(await dueBy(500_000)).not.toContain(gone.id);
  });
});
