import { once } from 'node:events';
import { Agent, request } from 'node:http';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { demoModelClient, tenTokens } from './demo-model-client.ts';

let demo: DemoModel;
let client: ReturnType<typeof demoModelClient>;

beforeAll(async () => {
  demo = await startDemoModel();
  client = demoModelClient(demo);
});
afterAll(() => demo.close());

describe('bad input', () => {
  const messages = [{ role: 'user', content: 'Hello' }];
  test.each([
    ['not json', null],
    ['[]', null],
    ['null', null],
    [{ messages }, 'model'],
    [{ model: 7, messages }, 'model'],
    [{ model: 'demo' }, 'messages'],
    [{ model: 'demo', messages: 'Hello' }, 'messages'],
    [{ model: 'demo', messages: [] }, 'messages'],
    [{ model: 'demo', messages: [null] }, 'messages[0]'],
    [{ model: 'demo', messages: [{ content: 'Hello' }] }, 'messages[0].role'],
    [{ model: 'demo', messages: [{ role: 'robot', content: 'a' }] }, 'messages[0].role'],
    [{ model: 'demo', messages: [{ role: 'user' }] }, 'messages[0].content'],
    [{ model: 'demo', messages: [{ role: 'user', content: [7] }] }, 'messages[0].content[0]'],
    [{ model: 'demo', messages, temperature: 3 }, 'temperature'],
    [{ model: 'demo', messages, temperature: 'hot' }, 'temperature'],
    [{ model: 'demo', messages, max_completion_tokens: 0 }, 'max_completion_tokens'],
    [{ model: 'demo', messages, max_tokens: 1.5 }, 'max_tokens'],
    [{ model: 'demo', messages, max_tokens: 1, max_completion_tokens: 1 }, 'max_tokens'],
    [{ model: 'demo', messages, n: 2 }, 'n'],
    [{ model: 'demo', messages, stream: 'yes' }, 'stream'],
    [{ model: 'demo', messages, stream_options: {} }, 'stream_options'],
    [{ model: 'demo?tokens=-1', messages }, 'model'],
    [{ model: 'demo?tokens=ten', messages }, 'model'],
    [{ model: 'demo?tokens=1&tokens=2', messages }, 'model'],
    [{ model: 'demo?colour=red', messages }, 'model'],
    [{ model: 'demo?__proto__=1', messages }, 'model'],
    [{ model: 'demo?fault=tired', messages }, 'model'],
    [{ model: 'demo?tokens=5&after=6', messages }, 'model'],
    [{ model: 'demo-0s', messages }, 'model'],
  ])('%j is refused with 400', async (body, param) => {
    const response = await client.post(body);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({
      error: { message: expect.any(String), type: 'invalid_request_error', param },
    });
  });

  test('a bad control is named in the message', async () => {
    const response = await client.post({ model: 'demo?rate=fast', messages });
    expect(await response.text()).toContain("'rate'");
  });

  test('unknown fields and optional ones set to null are let through', async () => {
    const extras = { temperature: null, max_tokens: null, stream: null, seed: 1, colour: 'red' };
    expect((await client.post({ model: 'demo?rate=5000', messages, ...extras })).status).toBe(200);
  });

  test('a body over 20 MiB is refused with 413', async () => {
    const response = await client.post({ model: 'demo', padding: 'a'.repeat(20 * 1024 * 1024) });
    expect(response.status).toBe(413);
  });

  test('a connection whose request was too large serves the next one', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const path = `${demo.baseUrl}/chat/completions`;
    const headers = { authorization: 'Bearer any', 'content-type': 'application/json' };
    const ask = async (body: object) => {
      const asked = request(path, { agent, headers, method: 'POST' });
      asked.end(JSON.stringify(body));
      const [answer] = await once(asked, 'response');
      answer.resume();
      await once(answer, 'end');
      return answer.statusCode;
    };
    expect(await ask({ model: 'demo', padding: 'a'.repeat(21 * 1024 * 1024) })).toBe(413);
    expect(await ask({ model: tenTokens().model, messages })).toBe(200);
    agent.destroy();
  });

  test('an unknown route, a missing key and bytes that are not HTTP leave it running', async () => {
    const unknown = await fetch(`${demo.baseUrl}/nowhere`, {
      headers: { authorization: 'Bearer any' },
    });
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toMatchObject({ error: { code: 'unknown_url' } });
    expect((await fetch(`${demo.baseUrl}/models`)).status).toBe(401);
    const socket = connect(demo.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.end('\u0000\u0001 nonsense\r\n\r\n');
    await once(socket.resume(), 'close');
    expect((await client.ask(tenTokens().model, false)).status).toBe(200);
  });
});
