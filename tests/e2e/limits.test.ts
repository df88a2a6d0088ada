import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { runScript } from '../fixtures/command.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

/** A client of a new tenant with these limits, set before its key is seen by anybody. */
const clientOf = async (tenant: string, flags: string): Promise<OpenAI> => {
  const { dataDir } = api.service;
  const { code, stderr } = await runScript('scripts/tenants.ts', [
    ...['set', '--tenant', tenant, ...flags.split(' '), '--data', dataDir],
  ]);
  if (code !== 0) throw new Error(stderr);
  return new OpenAI({
    baseURL: `${api.service.url}/v1`,
    apiKey: await api.createKey(tenant),
    maxRetries: 0,
  });
};

const headerOf = (error: unknown, name: string): string | null | undefined =>
  error instanceof OpenAI.APIError ? error.headers?.get(name) : undefined;

const raised = (asked: Promise<unknown>): Promise<unknown> =>
  asked.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );

const short = { model: 'demo?first_ms=0&rate=10000&tokens=20', input: 'hello' };

describe('OpenAI’s client', () => {
  test('is told what is left of a day’s tokens, by streams too, and raises RateLimitError', async () => {
    const client = await clientOf('budgeted', '--tokens-per-day 3000 --requests-per-minute 1000');
    const { response } = await client.responses
      .create({ ...short, max_output_tokens: 1_000 })
      .withResponse();
    expect(response.headers.get('x-ratelimit-limit-tokens')).toBe('3000');
    expect(response.headers.get('x-ratelimit-limit-requests')).toBe('1000');
    expect(Number(response.headers.get('x-ratelimit-remaining-tokens'))).toBeLessThan(2_001);
    expect(response.headers.get('x-ratelimit-reset-tokens')).toMatch(/^(\d+h)?(\d+m)?\d+s$/);

    const streamed = await client.chat.completions
      .create({
        model: 'demo-chat?first_ms=0&rate=10000&tokens=20',
        messages: [{ role: 'user', content: 'hello' }],
        max_completion_tokens: 1_000,
        stream: true,
      })
      .withResponse();
    expect(streamed.response.headers.get('x-ratelimit-remaining-tokens')).toMatch(/^\d+$/);
    for await (const _ of streamed.data);

    const fault = await raised(client.responses.create({ ...short, max_output_tokens: 3_000 }));
    expect(fault).toBeInstanceOf(OpenAI.RateLimitError);
    expect(fault).toMatchObject({ status: 429, type: 'tokens', code: 'rate_limit_exceeded' });
    expect(headerOf(fault, 'x-ratelimit-limit-tokens')).toBe('3000');
    expect(Number(headerOf(fault, 'retry-after'))).toBeGreaterThan(0);
    const listed = await client.models.list().withResponse();
    expect(listed.response.headers.get('x-ratelimit-remaining-tokens')).toMatch(/^\d+$/);
    expect(listed.response.headers.get('x-ratelimit-reset-requests')).toMatch(/^(1m)?\d+s$/);
    // What the first two reserved and did not use is there again.
    await client.responses.create({ ...short, max_output_tokens: 2_500 });
  });

  test('sees and may ask for the tenant’s models alone', async () => {
    const client = await clientOf('picky', '--models demo-chat*');
    const fault = await raised(client.responses.create(short));
    expect(fault).toBeInstanceOf(OpenAI.PermissionDeniedError);
    expect(fault).toMatchObject({ status: 403, code: 'model_not_allowed', param: 'model' });
    const { data } = await client.models.list();
    expect(data.filter(({ id }) => !id.startsWith('demo-chat'))).toEqual([]);
  });

  test('may keep results no longer than the tenant’s maximum', async () => {
    const client = await clientOf('brief', '--result-ttl 120');
    const asked = (seconds: number) =>
      client.responses.create(short, { headers: { 'X-Result-TTL': `${seconds}` } });
    const fault = await raised(asked(121));
    expect(fault).toMatchObject({ status: 400, param: 'X-Result-TTL' });
    expect(`${fault}`).toContain('120');
    await asked(120);
  });

  test('may name objects of the upstream’s account where the tenant may', async () => {
    const closed = await clientOf('closed', '--upstream-objects no');
    const open = await clientOf('open', '--upstream-objects yes');
    const input = [
      { role: 'user' as const, content: [{ type: 'input_file' as const, file_id: 'file-1' }] },
    ];
    expect(await raised(closed.responses.create({ ...short, input }))).toMatchObject({
      status: 400,
    });
    expect(await raised(open.responses.create({ ...short, input }))).toBeUndefined();
  });
});

type Ledger = {
  readonly created_at_ms: number;
  readonly ended_at_ms: number | null;
  readonly attempts: readonly { readonly started_at_ms: number }[];
};

test('a tenant with twenty long jobs and five slots delays another by no more than one batch', async () => {
  const greedy = await clientOf('greedy', '--jobs-in-flight 5');
  const modest = await clientOf('modest', '--queued-jobs 100');
  const ledgerOf = (client: OpenAI, id: string): Promise<Ledger> => client.get(`/../jobs/${id}`);
  const long = { model: 'demo?first_ms=0&rate=20&tokens=300', input: 'a long one' };
  const jobs = await Promise.all(
    Array.from({ length: 20 }, () => greedy.responses.create({ ...long, background: true })),
  );
  const { id } = await modest.responses.create({ ...short, background: true });
  await waitFor(
    () => modest.responses.retrieve(id),
    ({ status }) => status === 'completed',
    120_000,
  );
  const ledger = await ledgerOf(modest, id);
  const startedAtMs = ledger.attempts[0]?.started_at_ms ?? 0;
  const theirs = await Promise.all(jobs.map((job) => ledgerOf(greedy, job.id)));
  const endedBefore = theirs.filter((job) => (job.ended_at_ms ?? Infinity) <= startedAtMs);
  const waitedFor = endedBefore.filter((job) => (job.ended_at_ms ?? 0) >= ledger.created_at_ms);
  expect(waitedFor.length).toBeLessThanOrEqual(5);
  const begunBefore = theirs.filter(
    ({ attempts }) => (attempts[0]?.started_at_ms ?? Infinity) <= startedAtMs,
  );
  expect(begunBefore.length - endedBefore.length).toBeLessThanOrEqual(5);
});
