import { randomBytes } from 'node:crypto';
import { UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { dynamoAudit } from '../../lib/adapters/dynamo-audit.ts';
import { dynamoContent } from '../../lib/adapters/dynamo-content.ts';
import { dynamoJobs } from '../../lib/adapters/dynamo-jobs.ts';
import { auditJobs } from '../../lib/audit/audit-jobs.ts';
import type { Job } from '../../lib/job/job.ts';
import { after, epochMs } from '../../lib/job/time.ts';
import { claim, promote, settle } from '../../lib/job/transition.ts';
import { applyWrite, type JobWrite } from '../../lib/job/write.ts';
import { runScript } from '../fixtures/command.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';
import { newJob } from '../fixtures/new-job.ts';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

const nowMs = epochMs(Date.now());
const clock = { nowMs: () => nowMs };
const minuteMs = 60_000;
const hourMs = 60 * minuteMs;

const must = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  if (next === undefined) throw new Error(`${write.name} was refused.`);
  return next;
};

/** An inline job of so long ago, of which nothing is due for another 40 s. */
const inlineJob = (id: string, agoMs: number, tenant: string): Job => {
  const atMs = after(nowMs, -agoMs);
  const job = newJob('inline', {
    id,
    tenant,
    createdAtMs: atMs,
    deadlineAtMs: after(atMs, 3 * hourMs),
    resultExpiresAtMs: after(atMs, 30 * hourMs),
    leaseExpiresAtMs: after(nowMs, 30_000),
    dueAtMs: after(nowMs, 40_000),
  });
  return job;
};

/** It was promoted after 10 of 50 output tokens, and finished by a worker that began again. */
const twiceRun = (id: string, agoMs: number, tenant: string): Job => {
  const first = inlineJob(id, agoMs, tenant);
  const spent = { told: undefined, inputTokens: 7, outputTokens: 10 };
  const waiting = must(first, promote(first, nowMs, spent));
  const by = { owner: 'w', upstream: 'u', model: 'demo', nowMs };
  const running = must(waiting, claim(waiting, by));
  const usage = { input_tokens: 7, output_tokens: 50, total_tokens: 57 };
  return must(running, settle(running, { status: 'completed', usage }, false, nowMs));
};

const put = async (...jobs: readonly Job[]): Promise<void> => {
  const store = dynamoJobs(table.client, table.tableName, clock);
  for (const job of jobs) expect(await store.create(job)).toEqual({ kind: 'created' });
};

const change = (id: string, text: string, value: string): Promise<unknown> =>
  table.client.send(
    new UpdateItemCommand({
      TableName: table.tableName,
      Key: { pk: { S: id }, sk: { S: 'job' } },
      UpdateExpression: 'SET #field = :value',
      ExpressionAttributeNames: { '#field': text },
      ExpressionAttributeValues: { ':value': { S: value } },
    }),
  );

const audit = (tenant: string, fromMs = 0, toMs = nowMs + minuteMs) =>
  auditJobs(
    { audit: dynamoAudit(table.client, table.tableName, clock), clock },
    { fromMs, toMs, tenant },
  );

const run = (line: string) =>
  runScript('scripts/audit.ts', [...line.split(' '), '--table', table.tableName], {
    AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
  });

test('jobs are counted with their attempts and their tokens, among what else is in the table', async () => {
  const tenant = 'counted';
  const failed = inlineJob('gen_c3', minuteMs, tenant);
  const error = { message: 'No.', type: 't', param: null, code: 'c', httpStatus: 502 };
  await put(
    twiceRun('gen_c1', minuteMs, tenant),
    twiceRun('gen_c2', minuteMs, tenant),
    must(failed, settle(failed, { status: 'failed', error }, false, nowMs)),
    inlineJob('gen_c4', minuteMs, tenant),
    twiceRun('gen_c5', minuteMs, 'another'),
  );
  const content = dynamoContent(table.client, table.tableName);
  await content.putRequest('gen_c1', 'nonce-1', { messages: [] }, after(nowMs, hourMs));
  expect(await audit(tenant)).toEqual({
    accepted: 4,
    statuses: { queued: 0, in_progress: 1, completed: 2, incomplete: 0, failed: 1, cancelled: 0 },
    attempts: {
      total: 6,
      mean: 1.5,
      max: 2,
      jobsByAttempts: [
        { attempts: 1, jobs: 2 },
        { attempts: 2, jobs: 2 },
      ],
      outcomes: { promoted: 2, completed: 2, failed: 1, running: 1 },
    },
    tokens: {
      generated: { input: 28, output: 120 },
      delivered: { input: 14, output: 100 },
      estimated: { input: 14, output: 20 },
    },
    overdue: [],
    overdueCount: 0,
    unreadable: [],
    unreadableCount: 0,
    readUnits: expect.any(Number),
  });
});

test('a table of many pages is read to its end', async () => {
  const tenant = 'paged';
  const content = dynamoContent(table.client, table.tableName);
  const ids = Array.from({ length: 24 }, (_, number) => `gen_p${number}`);
  for (const id of ids) {
    await put(twiceRun(id, minuteMs, tenant));
    // DynamoDB ends a page after 1 MB; four parts of the table cannot all stay below that.
    const deltas = [randomBytes(180_000).toString('base64')];
    await content.putChunk(id, { attempt: 1, first: 1, deltas }, after(nowMs, hourMs));
  }
  const found = await audit(tenant);
  expect(found.accepted).toBe(ids.length);
  // Half a unit for each 4 KB, whoever's they are.
  expect(found.readUnits).toBeGreaterThan(500);
});

test('the range is by the time of creation, from its first moment to before its last', async () => {
  const tenant = 'ranged';
  await put(
    twiceRun('gen_r1', 3 * hourMs, tenant),
    twiceRun('gen_r2', 2 * hourMs, tenant),
    twiceRun('gen_r3', hourMs, tenant),
  );
  const accepted = async (fromMs: number, toMs: number) =>
    (await audit(tenant, fromMs, toMs)).accepted;
  expect(await accepted(nowMs - 3 * hourMs, nowMs - hourMs)).toBe(2);
  expect(await accepted(nowMs - 3 * hourMs + 1, nowMs - hourMs + 1)).toBe(2);
  expect(await accepted(nowMs - hourMs + 1, nowMs)).toBe(0);
});

test('what nobody has done in time is found whenever it was created', async () => {
  const tenant = 'late';
  const job = (id: string) => inlineJob(id, 2 * hourMs, tenant);
  const owed = twiceRun('gen_l3', 2 * hourMs, tenant);
  await put(
    { ...job('gen_l1'), deadlineAtMs: after(nowMs, -91_000) },
    { ...job('gen_l2'), dueAtMs: after(nowMs, -5 * minuteMs - 1) },
    { ...owed, stopOwed: true, dueAtMs: after(nowMs, -6 * minuteMs) },
    { ...job('gen_l4'), dueAtMs: undefined },
    { ...job('gen_l5'), deadlineAtMs: after(nowMs, -89_000), dueAtMs: after(nowMs, -minuteMs) },
    twiceRun('gen_l6', 2 * hourMs, tenant),
  );
  const found = await audit(tenant, nowMs - minuteMs);
  expect(found.accepted).toBe(0);
  expect(found.overdue.map(({ id, why }) => [id, why]).sort()).toEqual([
    ['gen_l1', 'deadline'],
    ['gen_l2', 'due'],
    ['gen_l3', 'due'],
    ['gen_l4', 'unwatched'],
  ]);
});

test('an item that is no job any more is counted, listed, and late when it is', async () => {
  const tenant = 'odd';
  await put(
    { ...inlineJob('gen_o1', hourMs, tenant), dueAtMs: after(nowMs, -hourMs) },
    inlineJob('gen_o2', hourMs, tenant),
  );
  await change('gen_o1', 'attempt', 'many');
  await change('gen_o2', 'createdAtMs', 'yesterday');
  const found = await audit(tenant, nowMs - minuteMs);
  expect(found).toMatchObject({ accepted: 0, unreadableCount: 2, overdueCount: 1 });
  expect(found.unreadable.map(({ id }) => id).sort()).toEqual(['gen_o1', 'gen_o2']);
  expect(found.unreadable.map(({ why }) => why).join(' ')).toContain('attempt');
  expect(found.overdue).toMatchObject([{ id: 'gen_o1', status: 'in_progress', why: 'due' }]);
});

test('the command prints it for readers and for programs, and ends with what it found', async () => {
  const tenant = 'shown';
  await put(twiceRun('gen_s1', minuteMs, tenant));
  const fine = await run(`--tenant ${tenant} --from 1h`);
  expect(fine).toMatchObject({ code: 0, stderr: '' });
  expect(fine.stdout).toMatch(/^accepted +1$/m);
  expect(fine.stdout).toMatch(/^generated +14 +60 +74 +100\.0 %$/m);
  expect(fine.stdout).toMatch(/^delivered +7 +50 +57 +77\.0 %$/m);
  expect(fine.stdout).toMatch(/^overdue +0$/m);
  await put({ ...inlineJob('gen_s2', hourMs, tenant), deadlineAtMs: after(nowMs, -hourMs) });
  const late = await run(`--tenant ${tenant}`);
  expect(late).toMatchObject({ code: 1, stderr: '' });
  expect(late.stdout).toMatch(/^gen_s2 +in_progress .* past its deadline$/m);
  const told = await run(`--tenant ${tenant} --json`);
  expect(told.code).toBe(1);
  expect(JSON.parse(told.stdout)).toMatchObject({
    accepted: 2,
    overdue: [{ id: 'gen_s2', why: 'deadline' }],
    tokens: { generated: { input: 14, output: 60 } },
  });
});

test('what cannot be understood is refused with 2 and how it is used', async () => {
  const { code, stdout, stderr } = await run('--from yesterday');
  expect([code, stdout]).toEqual([2, '']);
  expect(stderr).toContain('npm run audit -- [--from');
});

test('a table that is not there ends it with 2', async () => {
  const { code, stderr } = await runScript('scripts/audit.ts', ['--data', '/nonexistent']);
  expect(code).toBe(2);
  expect(stderr).toMatch(/^No local Outlast runs/);
});
