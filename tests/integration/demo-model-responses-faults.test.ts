import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { demoModelClient, readAll, tenTokens, until } from './demo-model-client.ts';

let demo: DemoModel;
let client: ReturnType<typeof demoModelClient>;

beforeAll(async () => {
  demo = await startDemoModel();
  client = demoModelClient(demo);
});
afterAll(() => demo.close());

const ask = (model: string, mode: { stream?: boolean; background?: boolean }) =>
  client.postTo('/responses', { model, input: 'Hello', ...mode });
const foreground = { stream: true };
const background = { stream: true, background: true };

const deltasIn = (body: string) => body.split('event: response.output_text.delta').length - 1;

/** The status of a background response by the time its generation has ended. */
async function endOf(body: string, key: string) {
  await until(async () => !(await client.entryOf(key)).open);
  const id = /"id":"(resp_\w+)"/.exec(body)?.[1] ?? '';
  return (await client.get(`/responses/${id}`)).json();
}

describe('faults before the answer', () => {
  test.each([
    ['429', 429],
    ['500', 500],
    ['401', 401],
    ['content_policy', 400],
  ])('fault=%s answers %i in every mode', async (fault, status) => {
    for (const mode of [{}, foreground, background]) {
      const response = await ask(tenTokens(`fault=${fault}`).model, mode);
      expect(response.status).toBe(status);
      expect(await response.json()).toMatchObject({ error: { message: expect.any(String) } });
    }
  });

  test('a fault limited by times is over after that often', async () => {
    const { model } = tenTokens('fault=503&times=1');
    expect((await ask(model, background)).status).toBe(503);
    expect((await ask(model, background)).status).toBe(200);
  });
});

describe('faults of a connection', () => {
  test.each(['cut', 'end'])('fault=%s ends a foreground generation with it', async (fault) => {
    const { model, key } = tenTokens(`fault=${fault}&after=4`);
    const { body, cut } = await readAll(await ask(model, foreground));
    expect(cut).toBe(fault === 'cut');
    expect(deltasIn(body)).toBe(4);
    expect(body).not.toContain('response.completed');
    expect(await client.entryOf(key)).toMatchObject({ outcome: `fault:${fault}`, tokensSent: 4 });
  });

  test.each(['cut', 'end'])('fault=%s leaves a background generation running', async (fault) => {
    const { model, key } = tenTokens(`fault=${fault}&after=4`);
    const { body, cut } = await readAll(await ask(model, background));
    expect(cut).toBe(fault === 'cut');
    expect(deltasIn(body)).toBe(4);
    expect(await endOf(body, key)).toMatchObject({ status: 'completed' });
    expect(await client.entryOf(key)).toMatchObject({ outcome: 'finished', tokensSent: 10 });
  });

  test('fault=stall holds the connection, and in the foreground the generation', async () => {
    for (const mode of [foreground, background]) {
      const { model, key } = tenTokens('fault=stall&after=3');
      const response = await ask(model, mode);
      const reader = response.body?.getReader();
      let body = '';
      while (deltasIn(body) < 3) {
        body += Buffer.from((await reader?.read())?.value ?? []).toString();
      }
      const entry = () => client.entryOf(key);
      const expected = mode === foreground ? 'fault:stall' : 'finished';
      await until(async () => (await entry()).outcome === expected);
      expect(await entry()).toMatchObject({ tokensSent: mode === foreground ? 3 : 10 });
      await reader?.cancel();
      await until(async () => !(await entry()).open);
    }
  });

  test('fault=no_first_token sends headers and no event', async () => {
    for (const mode of [foreground, background]) {
      const { model, key } = tenTokens('fault=no_first_token');
      const response = await ask(model, mode);
      expect(response.headers.get('content-type')).toContain('text/event-stream');
      if (mode === background) {
        await until(async () => (await client.entryOf(key)).outcome === 'finished');
      } else {
        expect(await client.entryOf(key)).toMatchObject({ open: true, tokensSent: 0 });
      }
      await response.body?.cancel();
      await until(async () => !(await client.entryOf(key)).open);
    }
  });

  test('fault=malformed breaks one event, and only on that connection', async () => {
    const { model, key } = tenTokens('fault=malformed&after=4');
    await readAll(await ask(model, foreground));
    expect(await client.entryOf(key)).toMatchObject({ outcome: 'fault:malformed', tokensSent: 10 });
    const { body } = await readAll(await ask(model, background));
    const broken = body.split('\n\n').filter((frame) => frame !== '' && !frame.endsWith('}'));
    expect(broken).toHaveLength(1);
    const id = /"id":"(resp_\w+)"/.exec(body)?.[1];
    const replay = await readAll(await client.get(`/responses/${id}?stream=true`));
    expect(replay.body.split('\n\n').every((frame) => frame === '' || frame.endsWith('}'))).toBe(
      true,
    );
  });

  test('fault=drip loses nothing', async () => {
    const { body } = await readAll(await ask(tenTokens('fault=drip').model, background));
    const id = /"id":"(resp_\w+)"/.exec(body)?.[1];
    expect((await readAll(await client.get(`/responses/${id}?stream=true`))).body).toBe(body);
  });
});

describe('faults of a generation', () => {
  test.each([foreground, background])('fault=fail ends it as failed in mode %j', async (mode) => {
    const { model, key } = tenTokens('fault=fail&after=4');
    const { body } = await readAll(await ask(model, mode));
    expect(deltasIn(body)).toBe(4);
    const last = body.trimEnd().split('\n\n').at(-1) ?? '';
    expect(last).toMatch(/^event: response\.failed\n/);
    expect(last).toContain('"error":{"code":"server_error"');
    expect(await endOf(body, key)).toMatchObject({
      status: 'failed',
      error: { code: 'server_error' },
      output: [{ status: 'incomplete' }],
    });
  });

  test('fault=error_event sends an error event and ends it as failed', async () => {
    const { model, key } = tenTokens('fault=error_event&after=2');
    const { body } = await readAll(await ask(model, background));
    expect(body.trimEnd().split('\n\n').at(-1)).toMatch(
      /^event: error\ndata: \{"type":"error","sequence_number":\d+,"code":"server_error",/,
    );
    expect(await endOf(body, key)).toMatchObject({ status: 'failed' });
  });

  test('fault=filter ends it as incomplete', async () => {
    const { model } = tenTokens('fault=filter&after=2');
    const plain = await (await ask(model, {})).json();
    expect(plain).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'content_filter' },
      usage: { output_tokens: 2 },
    });
    expect((await readAll(await ask(model, foreground))).body).toContain('response.incomplete');
  });

  test('a plain answer has the nearest likeness of each fault', async () => {
    const plain = (fault: string) => ask(tenTokens(`fault=${fault}&after=4`).model, {});
    await expect(plain('cut')).rejects.toThrow();
    expect((await plain('error_event')).status).toBe(500);
    expect(await (await plain('fail')).json()).toMatchObject({ status: 'failed' });
    await expect((await plain('end')).json()).rejects.toThrow(SyntaxError);
  });
});

describe('bad input', () => {
  const base = { model: 'demo', input: 'Hello' };
  test.each([
    [{ input: 'Hello' }, 'model'],
    [{ model: 'demo' }, 'input'],
    [{ model: 'demo', input: 7 }, 'input'],
    [{ model: 'demo', input: [] }, 'input'],
    [{ model: 'demo', input: [{}] }, 'input[0].type'],
    [{ model: 'demo', input: [{ role: 'robot', content: 'a' }] }, 'input[0].role'],
    [{ model: 'demo', input: [{ role: 'user' }] }, 'input[0].content'],
    [{ model: 'demo', input: [{ role: 'user', content: [1] }] }, 'input[0].content[0]'],
    [{ model: 'demo', input: [{ type: 'function_call_output' }] }, 'input[0].call_id'],
    [{ ...base, instructions: 7 }, 'instructions'],
    [{ ...base, tools: {} }, 'tools'],
    [{ ...base, tools: [{}] }, 'tools[0].type'],
    [{ ...base, tools: [{ type: 'function' }] }, 'tools[0].name'],
    [{ ...base, temperature: 3 }, 'temperature'],
    [{ ...base, max_output_tokens: 0 }, 'max_output_tokens'],
    [{ ...base, background: 'yes' }, 'background'],
    [{ ...base, background: true, store: false }, 'store'],
    [{ ...base, text: 'json' }, 'text'],
    [{ ...base, model: 'demo?reasoning=-1' }, 'model'],
  ])('%j is refused with 400', async (body, param) => {
    const response = await client.postTo('/responses', body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { param } });
  });
});
