import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { allFrames, eventsOf, type ResponseJson } from '../fixtures/event-frames.ts';
import type { JobBody } from '../fixtures/generation-body.ts';
import { hasEnded, ledgerOf } from '../fixtures/job-ledger.ts';
import { resultOf, waitFor } from '../fixtures/wait-for.ts';

let api: Api;
let careful: Api;
beforeAll(async () => {
  [api, careful] = await Promise.all([
    startApi({ WAIT_DEFAULT_MS_RESPONSES: '3000', PARK_AFTER_MS: '1000' }),
    startApi({
      WAIT_DEFAULT_MS_RESPONSES: '3000',
      UPSTREAM_BACKGROUND: 'never',
      ADMIT_UNSEEN: 'inline',
    }),
  ]);
});
afterAll(() => Promise.all([api.stop(), careful.stop()]));

describe.concurrent('when the client has waited long enough', () => {
  it('a generation of forty seconds goes on behind the 202, and is paid once', async () => {
    const prompt = 'Promoted after twenty-five seconds.';
    const sentAtMs = Date.now();
    const { status, body } = await api.ask<JobBody>('POST', '/generate', {
      prompt,
      model: 'demo-40s',
    });
    expect(status).toBe(202);
    expect(Date.now() - sentAtMs).toBeLessThan(29_000);
    const result = await resultOf(body.result_url, 60_000);
    expect(result.body).toMatchObject({ status: 'completed', attempts: 2 });
    expect(Date.now() - sentAtMs).toBeLessThan(50_000);
    const generations = await api.generations(prompt);
    expect(generations).toMatchObject([{ outcome: 'finished', text: result.body.text }]);
    expect(await ledgerOf(api, body.id)).toMatchObject({
      attempts: [
        { outcome: 'promoted', adopted: false },
        { outcome: 'completed', adopted: true },
      ],
    });
  });

  const promote = async (on: Api, model: string, input: string) => {
    const { status, body } = await on.ask<ResponseJson>('POST', '/v1/responses', {
      model: `${model}?tokens=80&rate=10`,
      input,
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ object: 'response', status: 'queued', background: false });
    const ledger = await waitFor(() => ledgerOf(on, body.id), hasEnded, 60_000);
    expect(ledger.status).toBe('completed');
    return { ledger, generations: await on.generations(input) };
  };

  it('a response on an upstream that goes on without us is adopted', async () => {
    const { ledger, generations } = await promote(api, 'demo', 'A promoted response.');
    expect(ledger.attempts.map(({ adopted }) => adopted)).toEqual([false, true]);
    expect(generations).toMatchObject([{ outcome: 'finished' }]);
  });

  it.each([
    ['a chat upstream', 'demo-chat'],
    ['an upstream whose background mode is not to be used', 'demo'],
  ])('a response on %s is begun anew', async (where, model) => {
    const { ledger, generations } = await promote(careful, model, `On ${where}.`);
    expect(ledger.attempts.map(({ adopted }) => adopted)).toEqual([false, false]);
    expect(generations.map(({ outcome }) => outcome)).toEqual(['client_gone', 'finished']);
  });
});

describe.concurrent('when nobody waits for a generation that goes on without us', () => {
  const parkedResponse = async (input: string): Promise<string> => {
    const { body } = await api.ask<ResponseJson>('POST', '/v1/responses', {
      model: 'demo?tokens=400&rate=20',
      input,
      background: true,
    });
    await waitFor(
      () => ledgerOf(api, body.id),
      ({ waiting_for: why }) => why === 'upstream',
      90_000,
    );
    return body.id;
  };

  it('its worker lets go of it, and its result is told all the same', async () => {
    const id = await parkedResponse('Parked.');
    const { body } = await api.ask<ResponseJson>('GET', `/v1/responses/${id}`);
    expect(body.status).toBe('in_progress');
    const ledger = await waitFor(() => ledgerOf(api, id), hasEnded, 90_000);
    expect(ledger).toMatchObject({
      status: 'completed',
      attempts: [{ outcome: 'promoted' }, { outcome: 'completed', adopted: true }],
      usage: { output_tokens: 400 },
    });
    expect(await api.generations('Parked.')).toMatchObject([{ outcome: 'finished' }]);
  });

  it('who streams it then reads it from its first event to its last, as it comes', async () => {
    const id = await parkedResponse('Parked and read.');
    const answer = await api.send('GET', `/v1/responses/${id}?stream=true`);
    const events = eventsOf(await allFrames(answer));
    const [generation] = await api.generations('Parked and read.');
    expect(events.map(({ sequence_number: number }) => number)).toEqual(events.map((_, at) => at));
    expect(events.map(({ delta }) => delta ?? '').join('')).toBe(generation?.text);
    const ledger = await ledgerOf(api, id);
    expect(ledger.attempts.slice(1).every(({ adopted }) => adopted)).toBe(true);
    expect(ledger.tokens).toMatchObject({ estimated: 0 });
  });
});
