import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { generationsFor } from '../fixtures/demo-generations.ts';
import { type Service, startService } from '../fixtures/service.ts';
import { resultOf } from '../fixtures/wait-for.ts';

const passing = [
  '429&retry_after=1',
  '429&retry_after=3',
  '500',
  '503',
  '408',
  'reset',
  'html',
  'cut&after=9',
  'end&after=9',
  'malformed&after=9',
  'error_event&after=9',
];
const lasting = ['500', '429&retry_after=1', 'cut&after=9', 'reset'];
const modelOf = (fault: string): string => `demo?tokens=40&rate=400&${fault}`;

let demo: DemoModel;
let service: Service;
beforeAll(async () => {
  demo = await startDemoModel();
  service = await startService({
    OPENAI_BASE_URL: demo.baseUrl,
    OPENAI_MODEL: 'demo',
    ADMIT_UNSEEN: 'inline',
    // Each kind of failure has an upstream, and so a retry budget, of its own.
    UPSTREAMS: JSON.stringify(
      [...passing.map((fault) => `${fault}&times=1`), ...lasting].map((fault, index) => ({
        name: `failing-${index}`,
        baseUrl: demo.baseUrl,
        protocol: 'chat',
        models: [modelOf(`fault=${fault}`)],
      })),
    ),
  });
});
afterAll(async () => {
  await service.interrupt();
  await demo.close();
});

const generate = (fault: string, prefer = 'wait=120') =>
  service.post({ prompt: `About ${fault}.`, model: modelOf(fault) }, { prefer });

describe.concurrent('an upstream that fails once', () => {
  // First, for it takes longest; only a few run at once.
  it('stalling in mid-stream is noticed after a minute and tried again', {
    timeout: 170_000,
  }, async () => {
    const { body } = await generate('fault=stall&after=9&times=1', 'respond-async');
    const result = await resultOf(body.result_url, 150_000);
    expect(result.body).toMatchObject({ status: 'completed', attempts: 2 });
  });

  for (const fault of passing) {
    it(`${fault}: the job completes, with one generation's text`, {
      timeout: 150_000,
    }, async () => {
      const { status, body } = await generate(`fault=${fault}&times=1`);
      expect(body).toMatchObject({ status: 'completed', usage: { output_tokens: 40 } });
      expect(status).toBe(200);
      const generations = await generationsFor(demo.baseUrl, `About fault=${fault}&times=1.`);
      expect(body.text).toBe(generations.find(({ outcome }) => outcome === 'finished')?.text);
    });
  }

  it('a stream without [DONE], one in drips and one of many scripts are whole', async () => {
    for (const fault of ['no_done', 'drip', 'unicode']) {
      const { status, body } = await generate(`fault=${fault}`);
      expect(status, fault).toBe(200);
      const [generation] = await generationsFor(demo.baseUrl, `About fault=${fault}.`);
      expect(body.text, fault).toBe(generation?.text);
    }
  });

  it('an upstream that knows no streaming is asked without it', async () => {
    const { status, body } = await generate('fault=no_stream');
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: 'completed', attempts: 1 });
  });
});

describe.concurrent('an upstream that fails for ever', () => {
  const told = [
    ['400', 400, 'upstream_error|invalid_request_error'],
    ['404', 404, ''],
    ['422', 422, ''],
    ['context_length', 400, 'context_length_exceeded'],
    ['content_policy', 400, 'content_policy_violation'],
    ['insufficient_quota', 429, 'insufficient_quota'],
    ['401', 502, 'upstream_credentials'],
    ['403', 502, 'upstream_credentials'],
    ['should_retry_false', 500, ''],
  ] as const;
  for (const [fault, status, code] of told) {
    it(`${fault} is told at once, and not paid again`, async () => {
      const answer = await generate(`fault=${fault}`);
      if (fault === 'should_retry_false') expect(answer.status).toBeGreaterThanOrEqual(500);
      else expect(answer.status).toBe(status);
      expect(`${answer.body.error?.code} ${answer.body.error?.type}`).toMatch(new RegExp(code));
      expect(JSON.stringify(answer.body)).not.toMatch(/\bat .*\.m?js|node_modules|stack/);
      const result = await resultOf(answer.headers.get('location') ?? '', 60_000);
      expect(result).toMatchObject({
        status: 200,
        body: { status: 'failed', attempts: 1, text: null },
      });
      expect(result.body.error).toEqual(answer.body.error);
      expect(await generationsFor(demo.baseUrl, `About fault=${fault}.`)).toHaveLength(1);
    });
  }

  for (const fault of lasting) {
    it(`${fault} ends the job after four attempts, with the cause`, {
      timeout: 150_000,
    }, async () => {
      const { body } = await generate(`fault=${fault}`, 'respond-async');
      const result = await resultOf(body.result_url, 120_000);
      expect(result).toMatchObject({ status: 200, body: { status: 'failed', attempts: 4 } });
      expect(result.body.error?.code).toMatch(/^upstream_/);
      expect(result.body.error?.message).toMatch(/after 4 attempts/);
    });
  }

  it('is not asked again before a Retry-After of more than a minute, and the deadline holds', {
    timeout: 150_000,
  }, async () => {
    const { body } = await service.post(
      { prompt: 'Much later.', model: 'demo?fault=429&retry_after=90' },
      { prefer: 'respond-async', 'x-deadline-ms': '30000' },
    );
    const result = await resultOf(body.result_url, 100_000);
    expect(result.body).toMatchObject({
      status: 'failed',
      attempts: 1,
      error: { code: 'deadline_exceeded', message: expect.stringMatching(/429|rate/i) },
    });
    expect(await generationsFor(demo.baseUrl, 'Much later.')).toHaveLength(1);
  });

  it('cannot keep a running job past its deadline', { timeout: 120_000 }, async () => {
    const { body } = await service.post(
      { prompt: 'Too slow.', model: 'demo-40s' },
      { prefer: 'respond-async', 'x-deadline-ms': '4000' },
    );
    const result = await resultOf(body.result_url, 60_000);
    expect(result.body).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
    expect(result.body.partial_text).toMatch(/demo model/);
    const [generation] = await generationsFor(demo.baseUrl, 'Too slow.');
    expect(generation).toMatchObject({ outcome: 'client_gone', open: false });
  });
});

it.concurrent('an upstream that refuses connections fails the job with a word of why', {
  timeout: 150_000,
}, async () => {
  const alone = await startService({
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    OPENAI_MODEL: 'demo',
  });
  try {
    const { body } = await alone.post({ prompt: 'Nobody there.' }, { prefer: 'respond-async' });
    const result = await resultOf(body.result_url, 120_000);
    expect(result.body).toMatchObject({
      status: 'failed',
      attempts: 4,
      error: { code: 'upstream_unreachable' },
    });
  } finally {
    await alone.interrupt();
  }
});
