import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';

let demo: DemoModel;
let client: OpenAI;

beforeAll(async () => {
  demo = await startDemoModel();
  client = new OpenAI({ baseURL: demo.baseUrl, apiKey: 'any', maxRetries: 0 });
});
afterAll(() => demo.close());

const fast = 'demo?rate=5000&first_ms=0';

function hello(model: string) {
  const message: OpenAI.ChatCompletionMessageParam = { role: 'user', content: 'Say hello' };
  return { model, messages: [message] };
}

async function readStream(model: string, maxTokens: number | null = null) {
  const stream = await client.chat.completions.create({
    ...hello(model),
    stream: true,
    stream_options: { include_usage: true },
    max_completion_tokens: maxTokens,
  });
  const deltas: string[] = [];
  let finishReason: string | null = null;
  let usage: OpenAI.CompletionUsage | null = null;
  for await (const chunk of stream) {
    const choice = chunk.choices[0];
    if (choice?.delta.content) deltas.push(choice.delta.content);
    finishReason = choice?.finish_reason ?? finishReason;
    usage = chunk.usage ?? usage;
  }
  return { deltas, text: deltas.join(''), finishReason, usage };
}

describe('the demo model through the official client', () => {
  test('a plain answer says that it is the demo model and names how to use a real one', async () => {
    const completion = await client.chat.completions.create(hello(fast));
    const [choice] = completion.choices;
    expect(choice?.message.content).toContain("Outlast's demo model");
    expect(choice?.message.content).toContain('OPENAI_API_KEY');
    expect(choice?.message.content).toContain('“Say hello”');
    expect(choice?.finish_reason).toBe('stop');
    expect(completion.id).toMatch(/^chatcmpl-/);
    expect(completion._request_id).toMatch(/^req_/);
  });

  test('a streamed answer has the text and the usage of the plain one', async () => {
    const plain = await client.chat.completions.create(hello(fast));
    const streamed = await readStream(fast);
    expect(streamed.text).toBe(plain.choices[0]?.message.content);
    expect(streamed.usage).toEqual(plain.usage);
    expect(streamed.usage?.completion_tokens).toBe(streamed.deltas.length);
    expect(streamed.deltas).toHaveLength(60);
  });

  test('the tokens asked for by the request end the text with finish_reason length', async () => {
    const whole = await readStream(fast);
    const short = await readStream(fast, 7);
    expect(short.finishReason).toBe('length');
    expect(short.deltas).toEqual(whole.deltas.slice(0, 7));
    expect(short.usage?.completion_tokens).toBe(7);
    const plain = await client.chat.completions.create({ ...hello(fast), max_tokens: 7 });
    expect(plain.choices[0]?.message.content).toBe(short.text);
    expect(plain.choices[0]?.finish_reason).toBe('length');
  });

  test('two different questions have different texts', async () => {
    const ask = (content: string) =>
      client.chat.completions.create({ model: fast, messages: [{ role: 'user', content }] });
    const [one, other] = await Promise.all([ask('one'), ask('other')]);
    expect(one.choices[0]?.message.content).not.toBe(other.choices[0]?.message.content);
  });

  test('the same question has the same text each time, unless it is to be varied', async () => {
    const ask = async (model: string) => {
      const answer = await client.chat.completions.create(hello(model));
      return answer.choices[0]?.message.content;
    };
    expect(await ask(fast)).toBe(await ask(fast));
    const varied = `${fast}&varied=1`;
    expect(await ask(varied)).not.toBe(await ask(varied));
  });

  test('text in content parts is read as the same text in a string', async () => {
    const parts = await client.chat.completions.create({
      model: fast,
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Say hello' }] }],
    });
    const string = await client.chat.completions.create(hello(fast));
    expect(parts.choices[0]?.message.content).toBe(string.choices[0]?.message.content);
    expect(parts.usage).toEqual(string.usage);
  });

  test('no token comes before it is due', async () => {
    const startedMs = performance.now();
    const { deltas } = await readStream('demo?tokens=11&rate=50&first_ms=150');
    expect(deltas).toHaveLength(11);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(350);
  });

  test('demo-2s lasts two seconds at ten tokens a second', async () => {
    const startedMs = performance.now();
    const { deltas } = await readStream('demo-2s');
    expect(deltas).toHaveLength(20);
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(2_000);
  });

  test('the models are listed, and any name that starts with demo is one', async () => {
    const listed = await client.models.list();
    expect(listed.data.map((model) => model.id)).toContain('demo');
    expect((await client.models.retrieve('demo?tokens=4')).id).toBe('demo?tokens=4');
    await expect(client.models.retrieve('gpt-5')).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });

  test('errors reach the classes of the client', async () => {
    const badKey = new OpenAI({ baseURL: demo.baseUrl, apiKey: 'bad-key', maxRetries: 0 });
    await expect(badKey.models.list()).rejects.toMatchObject({ code: 'invalid_api_key' });
    await expect(badKey.models.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
    const create = (model: string) => client.chat.completions.create(hello(model));
    await expect(create('gpt-5')).rejects.toMatchObject({ code: 'model_not_found', status: 404 });
    await expect(create('demo?fault=429')).rejects.toBeInstanceOf(OpenAI.RateLimitError);
    await expect(create('demo?fault=503')).rejects.toBeInstanceOf(OpenAI.InternalServerError);
    await expect(create('demo?fault=403')).rejects.toBeInstanceOf(OpenAI.PermissionDeniedError);
    await expect(create('demo?fault=reset')).rejects.toBeInstanceOf(OpenAI.APIConnectionError);
    await expect(readStream(`${fast}&fault=error_event`)).rejects.toBeInstanceOf(OpenAI.APIError);
  });

  test('a fault limited by times happens that often for its key, then no more', async () => {
    const model = `${fast}&fault=500&times=2&key=a`;
    const create = () => client.chat.completions.create(hello(model));
    await expect(create()).rejects.toMatchObject({ status: 500 });
    await expect(create()).rejects.toMatchObject({ status: 500 });
    expect((await create()).choices[0]?.finish_reason).toBe('stop');
    const other = client.chat.completions.create(hello(model.replace('key=a', 'key=b')));
    await expect(other).rejects.toMatchObject({ status: 500 });
    const address = `http://127.0.0.1:${demo.port}/_demo/reset`;
    expect((await fetch(address, { method: 'POST' })).status).toBe(204);
    await expect(create()).rejects.toMatchObject({ status: 500 });
  });
});
