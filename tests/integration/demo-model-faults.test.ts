import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { demoModelClient, readAll, tenTokens, tokensIn, until } from './demo-model-client.ts';

let demo: DemoModel;
let client: ReturnType<typeof demoModelClient>;

beforeAll(async () => {
  demo = await startDemoModel();
  client = demoModelClient(demo);
});
afterAll(() => demo.close());

describe('faults that are an error answer', () => {
  test.each([
    ['400', 400, null],
    ['401', 401, 'invalid_api_key'],
    ['403', 403, 'unsupported_country_region_territory'],
    ['404', 404, 'model_not_found'],
    ['408', 408, null],
    ['409', 409, null],
    ['422', 422, null],
    ['429', 429, 'rate_limit_exceeded'],
    ['500', 500, null],
    ['503', 503, null],
    ['context_length', 400, 'context_length_exceeded'],
    ['content_policy', 400, 'content_policy_violation'],
    ['insufficient_quota', 429, 'insufficient_quota'],
    ['should_retry_false', 500, null],
    ['no_stream', 400, 'unsupported_value'],
  ])('fault=%s answers %i in the error shape', async (fault, status, code) => {
    const { model, key } = tenTokens(`fault=${fault}`);
    const response = await client.ask(model, true);
    expect(response.status).toBe(status);
    expect(response.headers.get('x-request-id')).toMatch(/^req_/);
    const body = await response.json();
    expect(body).toEqual({
      error: {
        message: expect.any(String),
        type: expect.any(String),
        param: fault === 'no_stream' ? 'stream' : fault === 'context_length' ? 'messages' : null,
        code,
      },
    });
    expect(await client.entryOf(key)).toMatchObject({ outcome: `fault:${fault}`, tokensSent: 0 });
  });

  test('the retry headers are those asked for', async () => {
    const limited = await client.ask(
      tenTokens('fault=429&retry_after=7&retry_after_ms=6500').model,
      true,
    );
    expect(limited.headers.get('retry-after')).toBe('7');
    expect(limited.headers.get('retry-after-ms')).toBe('6500');
    const final = await client.ask(tenTokens('fault=should_retry_false').model, true);
    expect(final.headers.get('x-should-retry')).toBe('false');
    expect(final.headers.has('retry-after')).toBe(false);
  });

  test('fault=no_stream refuses only what is streamed', async () => {
    expect((await client.ask(tenTokens('fault=no_stream').model, false)).status).toBe(200);
  });

  test('fault=html answers as a proxy does', async () => {
    const response = await client.ask(tenTokens('fault=html').model, true);
    expect(response.status).toBe(502);
    expect(response.headers.get('content-type')).toBe('text/html');
    expect(await response.text()).toContain('<html>');
  });
});

describe('faults of a connection', () => {
  test('fault=no_headers answers nothing while the client waits, plain or streamed', async () => {
    for (const stream of [true, false]) {
      const { model, key } = tenTokens('fault=no_headers');
      const leave = new AbortController();
      const response = client.ask(model, stream, leave.signal);
      await until(async () => (await client.findEntry(key))?.open === true);
      expect(await client.entryOf(key)).toMatchObject({ outcome: 'fault:no_headers', open: true });
      leave.abort();
      await expect(response).rejects.toThrow();
      await until(async () => !(await client.entryOf(key)).open);
    }
  });

  test('fault=no_first_token sends the headers and then nothing', async () => {
    const { model, key } = tenTokens('fault=no_first_token');
    const response = await client.ask(model, true);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toContain('text/event-stream');
    expect(await client.entryOf(key)).toMatchObject({ open: true, tokensSent: 0 });
    await response.body?.cancel();
    await until(async () => !(await client.entryOf(key)).open);
  });

  test('fault=reset breaks the connection before any header', async () => {
    const { model, key } = tenTokens('fault=reset');
    await expect(client.ask(model, true)).rejects.toMatchObject({ cause: { code: 'ECONNRESET' } });
    expect(await client.entryOf(key)).toMatchObject({ outcome: 'fault:reset', open: false });
  });

  test('fault=stall holds the stream open after its tokens', async () => {
    const { model, key } = tenTokens('fault=stall&after=3');
    const response = await client.ask(model, true);
    await until(async () => (await client.entryOf(key)).outcome === 'fault:stall');
    expect(await client.entryOf(key)).toMatchObject({ tokensSent: 3, open: true, endedAtMs: null });
    await response.body?.cancel();
    await until(async () => !(await client.entryOf(key)).open);
    expect(await client.entryOf(key)).toMatchObject({ outcome: 'fault:stall', tokensSent: 3 });
  });

  test('fault=cut destroys the socket after its tokens', async () => {
    const { model, key } = tenTokens('fault=cut&after=4');
    const { body, cut } = await readAll(await client.ask(model, true));
    expect(cut).toBe(true);
    expect(tokensIn(body)).toBe(4);
    expect(await client.entryOf(key)).toMatchObject({ outcome: 'fault:cut', tokensSent: 4 });
    await expect(client.ask(tenTokens('fault=cut&after=4').model, false)).rejects.toThrow();
  });
});

describe('faults of a stream', () => {
  test('fault=end closes cleanly without a finish and without [DONE]', async () => {
    const { body, cut } = await readAll(
      await client.ask(tenTokens('fault=end&after=4').model, true),
    );
    expect(cut).toBe(false);
    expect(tokensIn(body)).toBe(4);
    expect(body).not.toContain('"finish_reason":"');
    expect(body).not.toContain('[DONE]');
  });

  test('fault=no_done has a finish and no [DONE]', async () => {
    const { body, cut } = await readAll(await client.ask(tenTokens('fault=no_done').model, true));
    expect(cut).toBe(false);
    expect(tokensIn(body)).toBe(10);
    expect(body).toContain('"finish_reason":"stop"');
    expect(body).not.toContain('[DONE]');
  });

  test('fault=malformed breaks one event between good ones', async () => {
    const { body } = await readAll(
      await client.ask(tenTokens('fault=malformed&after=4').model, true),
    );
    const broken = body.split('\n\n').filter((frame) => {
      const data = frame.slice('data: '.length);
      if (data === '' || data === '[DONE]') return false;
      try {
        JSON.parse(data);
        return false;
      } catch {
        return true;
      }
    });
    expect(broken).toHaveLength(1);
    expect(tokensIn(body)).toBe(9);
  });

  test('fault=error_event sends an error in the stream and ends it', async () => {
    const { body } = await readAll(
      await client.ask(tenTokens('fault=error_event&after=2').model, true),
    );
    expect(tokensIn(body)).toBe(2);
    expect(body).toMatch(/data: \{"error":\{"message":.*"type":"server_error".*\}\}\n\n$/);
  });

  test('fault=filter finishes with content_filter after its tokens', async () => {
    const { model, key } = tenTokens('fault=filter&after=2');
    const { body } = await readAll(await client.ask(model, true));
    expect(tokensIn(body)).toBe(2);
    expect(body).toContain('"finish_reason":"content_filter"');
    expect(body).toMatch(/data: \[DONE\]\n\n$/);
    expect(await client.entryOf(key)).toMatchObject({ outcome: 'fault:filter', open: false });
  });

  test('fault=drip splits frames and characters over reads, and loses nothing', async () => {
    const whole = await readAll(await client.ask(tenTokens('fault=unicode').model, true));
    const response = await client.ask(tenTokens('fault=drip').model, true);
    let reads = 0;
    let readsOfHalfCharacters = 0;
    const parts: Uint8Array[] = [];
    for await (const part of response.body ?? []) {
      reads++;
      if ((part.at(-1) ?? 0) >= 0xc0) readsOfHalfCharacters++;
      parts.push(part);
    }
    const texts = (body: string) =>
      [...body.matchAll(/"delta":\{"content":"(.*?)"\}/g)].map(String);
    expect(texts(Buffer.concat(parts).toString())).toEqual(texts(whole.body));
    expect(reads).toBeGreaterThan(50);
    expect(readsOfHalfCharacters).toBeGreaterThan(0);
  });

  test('fault=unicode writes more than ASCII, streamed as in a plain answer', async () => {
    const { model, key } = tenTokens('fault=unicode');
    const plain = await (await client.ask(model, false)).json();
    const { text } = await client.entryOf(key);
    expect(plain).toMatchObject({ choices: [{ message: { content: text } }] });
    expect(text).toMatch(/[^\p{ASCII}]/u);
  });
});
