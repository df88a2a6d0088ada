import OpenAI from 'openai';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type DemoModel, startDemoModel } from '../../local/demo-model/demo-model.ts';
import { demoModelClient, readAll, until } from './demo-model-client.ts';

let demo: DemoModel;
let client: OpenAI;
let raw: ReturnType<typeof demoModelClient>;

beforeAll(async () => {
  demo = await startDemoModel();
  client = new OpenAI({ baseURL: demo.baseUrl, apiKey: 'any', maxRetries: 0 });
  raw = demoModelClient(demo);
});
afterAll(() => demo.close());

const fast = 'demo?rate=5000&first_ms=0';
const slow = 'demo?tokens=40&rate=100&first_ms=0';
const hello = { model: fast, input: 'Say hello' };

/** Every field that the Open Responses specification requires of a response. */
const requiredFields = [
  'id',
  'object',
  'created_at',
  'completed_at',
  'status',
  'incomplete_details',
  'model',
  'previous_response_id',
  'instructions',
  'output',
  'error',
  'tools',
  'tool_choice',
  'truncation',
  'parallel_tool_calls',
  'text',
  'top_p',
  'presence_penalty',
  'frequency_penalty',
  'top_logprobs',
  'temperature',
  'reasoning',
  'user',
  'usage',
  'max_output_tokens',
  'max_tool_calls',
  'store',
  'background',
  'service_tier',
  'metadata',
  'safety_identifier',
  'prompt_cache_key',
];

async function ended(id: string): Promise<OpenAI.Responses.Response> {
  await until(async () => {
    const { status } = await client.responses.retrieve(id);
    return status !== 'queued' && status !== 'in_progress';
  });
  return client.responses.retrieve(id);
}

describe('a plain response', () => {
  test('has every field, and the text that the chat protocol gives', async () => {
    const chat = await client.chat.completions.create({
      model: fast,
      messages: [{ role: 'user', content: 'Say hello' }],
    });
    const response = await client.responses.create(hello);
    expect(Object.keys(response)).toEqual(expect.arrayContaining(requiredFields));
    expect(response).toMatchObject({
      object: 'response',
      status: 'completed',
      background: false,
      store: true,
      error: null,
      incomplete_details: null,
      usage: { output_tokens: 60, output_tokens_details: { reasoning_tokens: 0 } },
    });
    expect(response.id).toMatch(/^resp_/);
    expect(response.output_text).toBe(chat.choices[0]?.message.content);
    expect(response.output).toMatchObject([
      {
        type: 'message',
        role: 'assistant',
        status: 'completed',
        content: [{ type: 'output_text', annotations: [], logprobs: [] }],
      },
    ]);
  });

  test('repeats the settings of its request', async () => {
    const settings = {
      instructions: 'Be brief.',
      metadata: { a: 'b' },
      max_output_tokens: 500,
      temperature: 0.5,
      parallel_tool_calls: false,
      truncation: 'auto',
      text: { verbosity: 'low' },
      reasoning: { effort: 'low' },
      safety_identifier: 'user-1',
      tools: [{ type: 'function', name: 'f', parameters: null, strict: null }],
    } as const;
    const response = await client.responses.create({
      ...hello,
      ...settings,
      tools: [...settings.tools],
    });
    expect(response).toMatchObject({
      ...settings,
      text: { verbosity: 'low', format: { type: 'text' } },
      reasoning: { effort: 'low', summary: null },
      tools: [{ type: 'function', name: 'f', description: null, parameters: null, strict: true }],
    });
  });

  test('is incomplete when the request allows fewer tokens than it has', async () => {
    const response = await client.responses.create({ ...hello, max_output_tokens: 7 });
    expect(response).toMatchObject({
      status: 'incomplete',
      completed_at: null,
      incomplete_details: { reason: 'max_output_tokens' },
      output: [{ status: 'incomplete' }],
      usage: { output_tokens: 7 },
    });
  });
});

describe('a streamed response', () => {
  test('has numbered events in the order of OpenAI, each under its name', async () => {
    const { body } = await readAll(
      await raw.postTo('/responses', { ...hello, model: 'demo?tokens=3&rate=5000', stream: true }),
    );
    const frames = body.split('\n\n').slice(0, -1);
    const events = frames.map((frame) => {
      const [, type, data = ''] = /^event: (.+)\ndata: (.+)$/.exec(frame) ?? [];
      return { name: type, ...JSON.parse(data) };
    });
    for (const [index, event] of events.entries()) {
      expect(event).toMatchObject({ type: event.name, sequence_number: index });
    }
    expect(events.map(({ type }) => type)).toEqual([
      'response.created',
      'response.in_progress',
      'response.output_item.added',
      'response.content_part.added',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.delta',
      'response.output_text.done',
      'response.content_part.done',
      'response.output_item.done',
      'response.completed',
    ]);
    for (const { response } of [events[0], events[1], events.at(-1)]) {
      expect(Object.keys(response)).toEqual(expect.arrayContaining(requiredFields));
    }
  });

  test('ends in the same object as a plain one, which the official helper agrees with', async () => {
    const plain = await client.responses.create(hello);
    const stream = client.responses.stream(hello);
    let text = '';
    stream.on('response.output_text.delta', ({ delta }) => {
      text += delta;
    });
    const final = await stream.finalResponse();
    expect(text).toBe(plain.output_text);
    expect(final.output_text).toBe(plain.output_text);
    expect(final.usage).toEqual(plain.usage);
  });

  test('stops when its client leaves, and is not stored', async () => {
    const model = 'demo?tokens=1000&rate=100&first_ms=0&key=leaver';
    const stream = await client.responses.create({ model, input: 'Hello', stream: true });
    let id = '';
    for await (const event of stream) {
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') break;
    }
    await raw.untilClosed('leaver');
    expect(await raw.entryOf('leaver')).toMatchObject({
      outcome: 'client_gone',
      protocol: 'responses',
      background: false,
    });
    await expect(client.responses.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  });
});

describe('a background response', () => {
  test('is answered at once as queued, and completes without a connection', async () => {
    const queued = await client.responses.create({ model: slow, input: 'Hello', background: true });
    expect(queued).toMatchObject({ status: 'queued', background: true, output: [], usage: null });
    const final = await ended(queued.id);
    expect(final).toMatchObject({ id: queued.id, status: 'completed' });
    expect(final.usage?.output_tokens).toBe(40);
    expect(final.completed_at).toBeGreaterThanOrEqual(final.created_at);
  });

  test('stays queued for as long as it is told to', async () => {
    const startedMs = performance.now();
    const stream = await client.responses.create({
      model: `${slow}&queued_ms=300`,
      input: 'Hello',
      background: true,
      stream: true,
    });
    const types: string[] = [];
    for await (const event of stream) {
      types.push(event.type);
      if (event.type !== 'response.in_progress') continue;
      expect(performance.now() - startedMs).toBeGreaterThanOrEqual(290);
      break;
    }
    expect(types).toEqual(['response.created', 'response.queued', 'response.in_progress']);
  });

  test('goes on when its stream is left, and is one generation however often it is read', async () => {
    const model = `${slow}&key=adopted`;
    const stream = await client.responses.create({
      model,
      input: 'Hello',
      background: true,
      stream: true,
    });
    let seen = -1;
    let id = '';
    for await (const event of stream) {
      seen = event.sequence_number;
      if (event.type === 'response.created') id = event.response.id;
      if (event.type === 'response.output_text.delta') break;
    }
    const resumed = await client.responses.retrieve(id, { stream: true, starting_after: seen });
    const numbers: number[] = [];
    let last = '';
    for await (const event of resumed) {
      numbers.push(event.sequence_number);
      last = event.type;
    }
    expect(numbers[0]).toBe(seen + 1);
    expect(numbers).toEqual(numbers.map((_, index) => seen + 1 + index));
    expect(last).toBe('response.completed');
    const entries = (await raw.entries()).filter(({ key }) => key === 'adopted');
    expect(entries).toMatchObject([{ outcome: 'finished', background: true, tokensSent: 40 }]);
  });
});
