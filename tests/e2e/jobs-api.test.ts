import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { epochMs } from '../../lib/job/time.ts';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { type Api, startApi } from '../fixtures/api.ts';
import { runScript } from '../fixtures/command.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import type { ResponseJson } from '../fixtures/event-frames.ts';
import type { JobBody } from '../fixtures/generation-body.ts';
import { hasEnded, type Ledger, ledgerOf } from '../fixtures/job-ledger.ts';
import { newJob } from '../fixtures/new-job.ts';
import { plantJob } from '../fixtures/stored-items.ts';
import { resultOf, waitFor } from '../fixtures/wait-for.ts';

let second: DemoModel;
let api: Api;
beforeAll(async () => {
  second = await startDemoModel();
  const other = { baseUrl: second.baseUrl, apiKey: 'demo' };
  api = await startApi({
    PARK_AFTER_MS: 'never',
    UPSTREAMS: JSON.stringify([
      {
        ...other,
        name: 'second',
        protocol: 'chat',
        models: ['demo-second*', { pattern: 'demo-*-large', fallbacks: [{ model: 'demo-small' }] }],
      },
      {
        name: 'default',
        models: ['demo-first*'],
        fallbacks: [{ upstream: 'second', model: 'demo-spare' }],
      },
    ]),
  });
});
afterAll(async () => {
  await api.stop();
  await second.close();
});

const create = async (body: object): Promise<ResponseJson> =>
  (await api.ask<ResponseJson>('POST', '/v1/responses', body)).body;

const ended = (id: string): Promise<Ledger> => waitFor(() => ledgerOf(api, id), hasEnded, 60_000);

describe.concurrent('several upstreams', () => {
  it.each([
    ['demo-second', 'second'],
    ['demo-very-large', 'second'],
    ['demo-first', 'default'],
    ['demo', 'default'],
  ])('the model %s is answered by %s', async (model, upstream) => {
    const input = `Who answers ${model}?`;
    const { id, status } = await create({ model, input });
    expect(status).toBe('completed');
    const [first, other] = await Promise.all([
      api.generations(input),
      generationsFor(second.baseUrl, input),
    ]);
    expect([first.length, other.length]).toEqual(upstream === 'second' ? [0, 1] : [1, 0]);
    const name = upstream === 'second' ? 'second' : new URL(api.demo.baseUrl).host;
    expect(await ledgerOf(api, id)).toMatchObject({
      answered_by: model,
      attempts: [{ upstream: name, model, outcome: 'completed' }],
    });
  });

  it('another one answers once the attempts on the first are spent, and the answer says so', async () => {
    const input = 'The first one is down.';
    const response = await create({ model: 'demo-first?fault=503', input });
    expect(response).toMatchObject({ status: 'completed', model: 'demo-spare' });
    expect(await api.generations(input)).toHaveLength(4);
    expect(await generationsFor(second.baseUrl, input)).toMatchObject([{ outcome: 'finished' }]);
    const ledger = await ledgerOf(api, response.id);
    expect(ledger.attempts.map(({ model, outcome }) => [model, outcome])).toEqual([
      ...Array.from({ length: 4 }, () => ['demo-first?fault=503', 'requeued']),
      ['demo-spare', 'completed'],
    ]);
    expect(ledger).toMatchObject({ answered_by: 'demo-spare', status: 'completed' });
  });

  it('a refusal by the first is the client’s to mend, and asks no other', async () => {
    const input = 'A bad request.';
    const refused = await api.ask('POST', '/v1/responses', {
      model: 'demo-first?fault=400',
      input,
    });
    expect(refused).toMatchObject({ status: 400 });
    expect(await generationsFor(second.baseUrl, input)).toEqual([]);
  });

  it('list their models together, each once', async () => {
    const { data } = (await api.ask<{ data: { id: string }[] }>('GET', '/v1/models')).body;
    const ids = data.map(({ id }) => id);
    expect(ids).toContain('demo-40s');
    expect(new Set(ids).size).toBe(ids.length);
    expect(await api.ask('GET', '/v1/models/demo-40s')).toMatchObject({
      status: 200,
      body: { id: 'demo-40s', object: 'model' },
    });
    expect(await api.ask('GET', '/v1/models/vendor/none')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    });
  });
});

describe.concurrent('a job', () => {
  it('shows its ledger, whichever API it came by', async () => {
    const { body: generation } = await api.ask<JobBody>('POST', '/generate', { prompt: 'Ledger.' });
    expect(await api.ask('GET', `/jobs/${generation.id}`)).toMatchObject({
      status: 200,
      body: {
        id: generation.id,
        object: 'job',
        api: 'generate',
        status: 'completed',
        model: 'demo',
        answered_by: 'demo',
        admission: { decision: 'inline', why: expect.any(String) },
        lease: null,
        attempts: [
          {
            attempt: 1,
            via: 'inline',
            model: 'demo',
            adopted: false,
            started_at_ms: expect.any(Number),
            ended_at_ms: expect.any(Number),
            outcome: 'completed',
            error: null,
            usage: { output_tokens: 60, estimated: false },
          },
        ],
        usage: { output_tokens: 60 },
        tokens: { estimated: 0 },
        error: null,
        retry_of: null,
        retried_as: null,
      },
    });
  });

  it('that runs is cancelled, as often as asked, and its result URL says so', async () => {
    const prompt = 'Cancelled by its job.';
    const { body } = await api.ask<JobBody>(
      'POST',
      '/generate',
      { prompt, model: 'demo-60s' },
      { prefer: 'respond-async' },
    );
    await waitFor(
      () => api.generations(prompt),
      (all) => all.some(({ text }) => text !== ''),
      90_000,
    );
    const cancelled = await api.ask<Ledger>('POST', `/jobs/${body.id}/cancel`);
    expect(cancelled).toMatchObject({
      status: 200,
      body: { status: 'cancelled', attempts: [{ outcome: 'cancelled' }] },
    });
    await waitFor(
      () => api.generations(prompt),
      (all) => all.every(({ open }) => !open),
      90_000,
    );
    const again = await api.ask<Ledger>('POST', `/jobs/${body.id}/cancel`);
    // What the attempt took may be told a moment later than that it was cancelled.
    const { status, attempts } = again.body;
    expect(status).toBe('cancelled');
    expect(attempts).toMatchObject([{ outcome: 'cancelled', usage: { estimated: true } }]);
    expect(again.body.tokens).toMatchObject({
      delivered: 0,
      generated: attempts[0]?.usage?.total_tokens,
    });
    expect((await resultOf(body.result_url, 60_000)).body).toMatchObject({ status: 'cancelled' });
  });

  it('that has ended stays as it is when it is cancelled', async () => {
    const { id } = await create({ model: 'demo', input: 'Over.' });
    const before = await ledgerOf(api, id);
    expect(await api.ask('POST', `/jobs/${id}/cancel`)).toMatchObject({
      status: 200,
      body: before,
    });
    expect(await api.ask('POST', `/v1/responses/${id}/cancel`)).toMatchObject({
      status: 200,
      body: { id, status: 'completed' },
    });
  });

  it('that failed is retried once, as a new job that names the old', async () => {
    const input = 'Failed, then retried.';
    const { id } = await create({
      model: 'demo?fault=400&times=1&key=retried',
      input,
      background: true,
      metadata: { kept: 'yes' },
    });
    expect(await ended(id)).toMatchObject({ status: 'failed', retried_as: null });
    const retry = () => api.ask<Ledger>('POST', `/jobs/${id}/retry`);
    const [one, two] = await Promise.all([retry(), retry()]);
    expect(one).toMatchObject({ status: 202, body: { retry_of: id } });
    expect(two).toMatchObject({ status: 202, body: { retry_of: id } });
    expect(two.body.id).toBe(one.body.id);
    expect(one.body.id).not.toBe(id);
    expect((await retry()).body.id).toBe(one.body.id);
    expect(one.headers.get('location')).toBe(`${api.service.url}/jobs/${one.body.id}`);
    expect(await ended(one.body.id)).toMatchObject({ status: 'completed', retry_of: id });
    expect(await ledgerOf(api, id)).toMatchObject({ status: 'failed', retried_as: one.body.id });
    expect(await api.ask('GET', `/v1/responses/${one.body.id}`)).toMatchObject({
      body: { status: 'completed', metadata: { kept: 'yes' }, background: true },
    });
    expect(await api.generations(input)).toHaveLength(2);
  });

  it('that has not failed cannot be retried', async () => {
    const { id } = await create({ model: 'demo', input: 'Complete.' });
    expect(await api.ask('POST', `/jobs/${id}/retry`)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_value' } },
    });
  });

  it('that nobody knows is not found', async () => {
    for (const [method, path] of [
      ['GET', '/jobs/gen_none'],
      ['POST', '/jobs/gen_none/cancel'],
      ['POST', '/jobs/gen_none/retry'],
    ] as const) {
      expect(await api.ask(method, path)).toMatchObject({
        status: 404,
        body: { error: { code: 'not_found' } },
      });
    }
  });
});

describe('the audit of a service that runs', () => {
  const audit = (...flags: readonly string[]) =>
    runScript('scripts/audit.ts', ['--data', api.service.dataDir, ...flags]);

  it('counts what its ledgers say, and finds the job that nobody looks after', async () => {
    const { id } = await create({ model: 'demo', input: 'Counted.' });
    const { tokens } = await ledgerOf(api, id);
    expect(tokens).toEqual({
      generated: tokens.delivered,
      delivered: tokens.delivered,
      estimated: 0,
    });
    const fine = await audit('--json');
    expect(fine).toMatchObject({ code: 0, stderr: '' });
    const counted = JSON.parse(fine.stdout);
    expect(counted).toMatchObject({ overdue: [], unreadable: [] });
    expect(counted.accepted).toBeGreaterThan(0);
    expect(counted.statuses.completed).toBeGreaterThan(0);
    expect(counted.tokens.generated.output).toBeGreaterThanOrEqual(counted.tokens.delivered.output);

    const hourAgoMs = epochMs(Date.now() - 3_600_000);
    const forgotten = newJob('queued', {
      id: 'gen_forgotten',
      tenant: 'forgetful',
      createdAtMs: hourAgoMs,
      deadlineAtMs: epochMs(hourAgoMs + 60_000),
      resultExpiresAtMs: epochMs(hourAgoMs + 86_400_000),
      dueAtMs: undefined,
    });
    await plantJob(api.service, forgotten);
    const late = await audit('--tenant', 'forgetful');
    expect(late.code).toBe(1);
    expect(late.stdout).toMatch(/^gen_forgotten +queued .* past its deadline$/m);
  });
});
