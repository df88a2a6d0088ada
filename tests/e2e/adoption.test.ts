import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { allFrames, eventsOf, type ResponseJson } from '../fixtures/event-frames.ts';
import type { JobBody } from '../fixtures/generation-body.ts';
import { hasEnded, ledgerOf } from '../fixtures/job-ledger.ts';
import { busySandboxes } from '../fixtures/sandboxes.ts';
import { resultOf, waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ PARK_AFTER_MS: 'never' });
});
afterAll(() => api.stop());

const textOf = ({ output }: ResponseJson): unknown =>
  output.flatMap(({ content }) => (Array.isArray(content) ? content : []))[0]?.text;

/** Quick to show something, and far from its end by then. */
const twentySeconds = '?tokens=500&rate=25';

const createInBackground = async (model: string, input: string): Promise<string> => {
  const { body } = await api.ask<ResponseJson>('POST', '/v1/responses', {
    model: `${model}${twentySeconds}`,
    input,
    background: true,
  });
  return body.id;
};

const generating = (prompt: string) =>
  waitFor(
    () => api.generations(prompt),
    (all) => all.some(({ open, text }) => open && text.length > 100),
    60_000,
  );

/** The events of a response up to the end of its stream. */
const read = async (id: string) =>
  eventsOf(await allFrames(await api.send('GET', `/v1/responses/${id}?stream=true`)));

/** Resolves once some of its output can be read. */
const shown = (id: string) =>
  waitFor(
    async () => (await api.ask<ResponseJson>('GET', `/v1/responses/${id}`)).body,
    (response) => `${textOf(response)}`.length > 150,
    90_000,
  );

const ended = (id: string) => waitFor(() => ledgerOf(api, id), hasEnded, 200_000);

describe('when its worker is killed in mid-generation', () => {
  it('a job goes on: with the same generation where it can be resumed, else with a new one', {
    timeout: 300_000,
  }, async () => {
    const prompts = ['Killed and adopted.', 'Killed and restarted.', 'Killed, asked by generate.'];
    const [adoptable = '', other = '', generated = ''] = prompts;
    const [adoptedId, restartedId, { body: generation }] = await Promise.all([
      createInBackground('demo', adoptable),
      createInBackground('demo-chat', other),
      api.ask<JobBody>(
        'POST',
        '/generate',
        { prompt: generated, model: `demo${twentySeconds}` },
        { prefer: 'respond-async' },
      ),
    ]);
    await Promise.all(prompts.map(generating));
    // A reader keeps its checkpoints frequent: what it was shown must be what stays.
    const [reading, otherReading] = [read(adoptedId), read(restartedId)];
    await Promise.all([shown(adoptedId), shown(restartedId)]);
    const killedAtMs = Date.now();
    for (const pid of await busySandboxes(api.service, 'work')) process.kill(pid, 'SIGKILL');

    const adopted = await ended(adoptedId);
    const [upstream, ...more] = await api.generations(adoptable);
    expect(adopted).toMatchObject({
      status: 'completed',
      attempts: [
        { adopted: false, outcome: 'lost' },
        { adopted: true, outcome: 'completed' },
      ],
      usage: { output_tokens: 500 },
    });
    expect(more).toEqual([]);
    expect(upstream).toMatchObject({ outcome: 'finished', open: false });
    const { body: response } = await api.ask<ResponseJson>('GET', `/v1/responses/${adoptedId}`);
    expect(textOf(response)).toBe(upstream?.text);

    // The stream that was open all the time shows one whole generation, each event once.
    const events = await reading;
    expect(events.map((event) => event.sequence_number)).toEqual(events.map((_, at) => at));
    expect(events.map(({ delta }) => delta ?? '').join('')).toBe(upstream?.text);
    expect(events.filter(({ type }) => type === 'response.created')).toHaveLength(1);

    const result = await resultOf(generation.result_url, 120_000);
    expect(result.body).toMatchObject({ status: 'completed', attempts: 2 });
    const ofGenerate = await api.generations(generated);
    expect(ofGenerate).toMatchObject([{ outcome: 'finished' }]);
    expect(result.body.text).toBe(ofGenerate[0]?.text);
    expect(await ledgerOf(api, generation.id)).toMatchObject({
      attempts: [{ outcome: 'lost' }, { adopted: true, outcome: 'completed' }],
    });

    const restarted = await ended(restartedId);
    expect(restarted).toMatchObject({
      status: 'completed',
      attempts: [
        { adopted: false, outcome: 'lost' },
        { adopted: false, outcome: 'completed' },
      ],
    });
    const both = await api.generations(other);
    expect(both.map(({ outcome }) => outcome)).toEqual(['client_gone', 'finished']);
    const { body: second } = await api.ask<ResponseJson>('GET', `/v1/responses/${restartedId}`);
    expect(textOf(second)).toBe(both[1]?.text);
    // What an open stream showed of the first counts no more, and it says so.
    expect((await otherReading).at(-1)).toMatchObject({ type: 'error', code: 'attempt_restarted' });
    const replayed = await read(restartedId);
    expect(replayed.map(({ delta }) => delta ?? '').join('')).toBe(both[1]?.text);
    expect(replayed.filter(({ type }) => type === 'response.created')).toHaveLength(1);
    expect(Date.now() - killedAtMs).toBeLessThan(200_000);
  });
});
