import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { answerOf, type Service, startService } from '../fixtures/service.ts';
import { resultOf } from '../fixtures/wait-for.ts';

type JobLedger = {
  readonly admission: { readonly decision: string; readonly observed: number | null };
  readonly attempts: readonly unknown[];
};

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.interrupt());

/** Every token of the demo model's numbered sentences, in order and once. */
const expectWhole = (text: string | null): void => {
  const numbers = [...(text ?? '').matchAll(/(?:^|\n)(\d+)\. /g)].map(([, number]) =>
    Number(number),
  );
  expect(numbers.length).toBeGreaterThan(0);
  expect(numbers).toEqual(numbers.map((_, index) => index + 1));
};

describe.concurrent('POST /generate', () => {
  it('answers a short generation in the same response', async () => {
    const { status, body, headers } = await service.post({
      prompt: 'Why do rivers bend?',
      metadata: { a: 'b' },
    });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      object: 'generation',
      status: 'completed',
      model: 'demo',
      attempts: 1,
      metadata: { a: 'b' },
      usage: { output_tokens: 60 },
      error: null,
    });
    expect(body.id).toMatch(/^gen_[0-9a-f]{32}$/);
    expect(headers.get('x-request-id')).toBeTruthy();
    expectWhole(body.text);
    const again = await resultOf(body.result_url, 60_000);
    expect(again.status).toBe(200);
    expect(again.body).toEqual(body);
  });

  it('says incomplete when the output was cut at the requested length', async () => {
    const { status, body } = await service.post({ prompt: 'At length.', max_output_tokens: 5 });
    expect(status).toBe(200);
    expect(body).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { output_tokens: 5 },
    });
  });

  it('answers 202 at once when asked to, and the result URL later holds the answer', async () => {
    const { status, body, headers } = await service.post(
      { prompt: 'Later, please.', model: 'demo-6s' },
      { prefer: 'respond-async' },
    );
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('respond-async');
    expect(headers.get('location')).toBe(body.result_url);
    expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
    expect(body).toMatchObject({ status: 'queued', object: 'generation' });
    expect(body).not.toHaveProperty('text');
    const pending = await fetch(body.result_url);
    expect(pending.status).toBe(202);
    expect(pending.headers.get('retry-after')).toBeTruthy();
    const result = await resultOf(body.result_url, 60_000);
    expect(result).toMatchObject({
      status: 200,
      body: { id: body.id, status: 'completed', attempts: 1 },
    });
    expectWhole(result.body.text);
  });

  it('holds a queued job’s reply for the wait that was preferred', async () => {
    const { status, body, headers } = await service.post(
      { prompt: 'Queued, but I wait.', model: 'demo-6s' },
      { prefer: 'respond-async, wait=30' },
    );
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('respond-async, wait=30');
    expectWhole(body.text);
  });

  it('goes over the queue until its model is known to be short, then does not, and shows why', async () => {
    const admissions: JobLedger['admission'][] = [];
    for (let asked = 0; asked < 40 && admissions.at(-1)?.decision !== 'inline'; asked += 1) {
      const { status, body } = await service.post({
        prompt: 'Short again.',
        model: 'demo?first_ms=0&tokens=10&rate=1000',
      });
      expect(status).toBe(200);
      const job = await fetch(`${service.url}/jobs/${body.id}`, {
        headers: { authorization: 'Bearer sk-outlast-local' },
      });
      const { admission, attempts } = (await job.json()) as JobLedger;
      if (admission.decision === 'inline') expect(attempts).toMatchObject([{ via: 'inline' }]);
      admissions.push(admission);
    }
    expect(admissions.at(0)).toMatchObject({ decision: 'queued', observed: null });
    expect(admissions.at(-1)).toMatchObject({
      decision: 'inline',
      predicted_ms: expect.any(Number),
      wait_ms: 25_000,
    });
    expect(admissions.at(-1)?.observed).toBeGreaterThanOrEqual(5);
  });

  it('answers 202 for a generation of 40 s when the default wait ends, and nothing is lost', async () => {
    const startedAtMs = Date.now();
    const { status, body } = await service.post({ prompt: 'A long one.', model: 'demo-40s' });
    expect(status).toBe(202);
    expect(Date.now() - startedAtMs).toBeGreaterThan(24_000);
    expect(Date.now() - startedAtMs).toBeLessThan(29_000);
    const result = await resultOf(body.result_url, 120_000);
    expect(result.body).toMatchObject({
      status: 'completed',
      attempts: 1,
      usage: { output_tokens: 400 },
    });
    expectWhole(result.body.text);
  });

  it('answers the same generation 200 when the client prefers to wait for it', async () => {
    const { status, body, headers } = await service.post(
      { prompt: 'A long one, waited for.', model: 'demo-40s' },
      { prefer: 'wait=60' },
    );
    expect(status).toBe(200);
    expect(headers.get('preference-applied')).toBe('wait=60');
    expect(body).toMatchObject({ attempts: 1, usage: { output_tokens: 400 } });
    expectWhole(body.text);
  });

  it('shows the output so far while a job is pending', async () => {
    const { body } = await service.post(
      { prompt: 'Let me read along.', model: 'demo-15s' },
      { prefer: 'respond-async' },
    );
    const lengths: number[] = [];
    for (;;) {
      const seen = await fetch(body.result_url, { headers: { prefer: 'wait=1' } });
      if (seen.status === 200) break;
      const { partial_text = '', progress } = (await answerOf(seen)).body;
      expect(progress?.elapsed_ms).toBeGreaterThan(0);
      lengths.push(partial_text.length);
    }
    expect(new Set(lengths).size).toBeGreaterThan(4);
    expect(lengths).toEqual(lengths.toSorted((a, b) => a - b));
  });
});

describe.concurrent('GET /results/{id}', () => {
  it('refuses whatever is not exactly the URL that was given', async () => {
    const { body } = await service.post({ prompt: 'Signed.' });
    const url = new URL(body.result_url);
    const changed = (name: string, value: string): string => {
      const copy = new URL(url);
      copy.searchParams.set(name, value);
      return copy.href;
    };
    const other = body.result_url.replace(body.id, 'gen_00000000000000000000000000000000');
    const wrong = [
      changed('signature', `${url.searchParams.get('signature')?.slice(0, -1)}x`),
      changed('expires', '1900000000'),
      `${url.origin}${url.pathname}`,
      other,
    ];
    for (const href of wrong) {
      const refused = await fetch(href);
      expect(refused.status, href).toBe(403);
      expect(await refused.json()).toMatchObject({ error: { code: 'invalid_signature' } });
    }
  });

  it('needs no key, and answers other methods 405', async () => {
    const { body } = await service.post({ prompt: 'No key.' });
    const refused = await fetch(body.result_url, { method: 'POST', body: '{}' });
    expect(refused.status).toBe(405);
    expect(refused.headers.get('allow')).toContain('GET');
  });
});

it('answers the health check', async () => {
  const health = await fetch(`${service.url}/health`);
  expect(health.status).toBe(200);
});
