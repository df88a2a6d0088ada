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

const fast = 'demo?tokens=20&rate=5000&first_ms=0';
const parameters = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
};
const question = 'Please call:weather {"city": "Oslo {north}"} and call:time, then call:unknown.';

const chatTools: OpenAI.ChatCompletionFunctionTool[] = ['weather', 'time'].map((name) => ({
  type: 'function',
  function: { name, parameters },
}));
const tools: OpenAI.Responses.FunctionTool[] = ['weather', 'time'].map((name) => ({
  type: 'function',
  name,
  parameters,
  strict: true,
}));

describe('calls of functions', () => {
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: question }];

  test('a function is called when the message speaks of what it is named for', async () => {
    const named = (name: string) =>
      client.responses.create({
        model: fast,
        input: 'What is the weather like in Oslo?',
        tools: [{ type: 'function', name, parameters, strict: true }],
      });
    for (const name of ['get_weather', 'getWeather', 'weather-now']) {
      expect((await named(name)).output).toMatchObject([{ type: 'function_call', name }]);
    }
    expect((await named('get_time_of_day')).output).toMatchObject([{ type: 'message' }]);
  });

  test('chat: those that the user asks for, in pieces, as the official helper reads them', async () => {
    const body = { model: fast, messages, tools: chatTools };
    const plain = await client.chat.completions.create(body);
    const stream = client.chat.completions.stream(body);
    let pieces = 0;
    stream.on('tool_calls.function.arguments.delta', () => {
      pieces++;
    });
    const streamed = await stream.finalChatCompletion();
    expect(pieces).toBeGreaterThan(2);
    for (const { choices } of [plain, streamed]) {
      expect(choices[0]).toMatchObject({
        finish_reason: 'tool_calls',
        message: {
          content: null,
          tool_calls: [
            {
              type: 'function',
              function: { name: 'weather', arguments: '{"city":"Oslo {north}"}' },
            },
            { type: 'function', function: { name: 'time', arguments: '{}' } },
          ],
        },
      });
    }
  });

  test('responses: one item for each, as the official helper reads them', async () => {
    const body = { model: fast, input: question, tools };
    const plain = await client.responses.create(body);
    const stream = client.responses.stream(body);
    let pieces = 0;
    stream.on('response.function_call_arguments.delta', () => {
      pieces++;
    });
    const streamed = await stream.finalResponse();
    expect(pieces).toBeGreaterThan(2);
    for (const { output, status } of [plain, streamed]) {
      expect(status).toBe('completed');
      expect(output).toMatchObject([
        {
          type: 'function_call',
          name: 'weather',
          status: 'completed',
          arguments: '{"city":"Oslo {north}"}',
        },
        { type: 'function_call', name: 'time', arguments: '{}' },
      ]);
    }
  });

  test('once a tool has answered, there is text about its answer', async () => {
    const first = await client.responses.create({ model: fast, input: question, tools });
    const call = first.output[0];
    const call_id = call?.type === 'function_call' ? call.call_id : '';
    const next = await client.responses.create({
      model: 'demo?rate=5000',
      previous_response_id: first.id,
      input: [{ type: 'function_call_output', call_id, output: 'Rain over Oslo' }],
      tools,
    });
    expect(next.output_text).toContain('Rain over Oslo');
    const chat = await client.chat.completions.create({
      model: 'demo?rate=5000',
      messages: [...messages, { role: 'tool', tool_call_id: call_id, content: 'Rain over Oslo' }],
      tools: chatTools,
    });
    expect(chat.choices[0]?.message.content).toBe(next.output_text);
  });

  test('the choice of tools is kept to', async () => {
    const ask = (more: Partial<OpenAI.Responses.ResponseCreateParamsNonStreaming>) =>
      client.responses.create({ model: fast, input: question, tools, ...more });
    const namesOf = ({ output }: OpenAI.Responses.Response) =>
      output.map((item) => (item.type === 'function_call' ? item.name : item.type));
    expect(namesOf(await ask({ tool_choice: 'none' }))).toEqual(['message']);
    expect(namesOf(await ask({ parallel_tool_calls: false }))).toEqual(['weather']);
    const named = { type: 'function', name: 'time' } as const;
    expect(namesOf(await ask({ tool_choice: named }))).toEqual(['time']);
    const required = await ask({ tool_choice: 'required', input: 'Hello' });
    expect(required.output).toMatchObject([{ name: 'weather', arguments: '{"city":"demo city"}' }]);
    expect(namesOf(await ask({ input: 'Hello' }))).toEqual(['message']);
  });
});

describe('structured output', () => {
  const schema = {
    type: 'object',
    properties: {
      title: { type: 'string', maxLength: 6 },
      kind: { type: 'string', enum: ['storm', 'calm'] },
      count: { type: 'integer', minimum: 10 },
      share: { type: 'number', maximum: 1 },
      open: { type: 'boolean' },
      tags: { type: 'array', items: { type: 'string' } },
      next: { anyOf: [{ $ref: '#' }, { type: 'null' }] },
      place: { $ref: '#/$defs/place' },
      note: { type: ['string', 'null'] },
    },
    $defs: { place: { type: 'object', properties: { lat: { type: 'number' } } } },
  };

  test('fits its schema, the same in both protocols', async () => {
    const response = await client.responses.create({
      model: fast,
      input: 'Report',
      text: { format: { type: 'json_schema', name: 'report', schema } },
    });
    const value: unknown = JSON.parse(response.output_text);
    expect(value).toMatchObject({
      title: 'demo t',
      kind: 'storm',
      count: 10,
      share: 1,
      open: true,
      tags: ['demo tags', 'demo tags'],
      next: { kind: 'storm' },
      place: { lat: 7 },
      note: 'demo note',
    });
    const chat = await client.chat.completions.create({
      model: fast,
      messages: [{ role: 'user', content: 'Report' }],
      response_format: { type: 'json_schema', json_schema: { name: 'report', schema } },
    });
    expect(chat.choices[0]?.message.content).toBe(response.output_text);
  });

  test('a schema that refers to itself in many places is not followed for ever', async () => {
    const names = Array.from({ length: 20 }, (_, index) => `next${index}`);
    const response = await client.responses.create({
      model: 'demo?rate=100000&first_ms=0',
      input: 'Report',
      text: {
        format: {
          type: 'json_schema',
          name: 'forest',
          schema: {
            type: 'object',
            properties: Object.fromEntries(names.map((name) => [name, { $ref: '#' }])),
            required: names,
          },
        },
      },
    });
    expect(Object.keys(JSON.parse(response.output_text))).toEqual(names);
  });

  test('json_object is an object, and too few tokens cut it short', async () => {
    const body = {
      model: fast,
      input: 'Report',
      text: { format: { type: 'json_object' } },
    } as const;
    const whole = await client.responses.create(body);
    expect(JSON.parse(whole.output_text)).toMatchObject({ demo: true });
    const cut = await client.responses.create({ ...body, max_output_tokens: 1 });
    expect(cut.status).toBe('incomplete');
    expect(() => JSON.parse(cut.output_text)).toThrow(SyntaxError);
  });
});

describe('reasoning', () => {
  const model = `${fast}&reasoning=12`;
  const textOf = (parts: readonly { text: string }[] | undefined) =>
    parts?.map(({ text }) => text).join('');

  test('comes before the text and is counted, in both protocols', async () => {
    const response = await client.responses.stream({ model, input: 'Why?' }).finalResponse();
    const [thought, said] = response.output;
    expect(said).toMatchObject({ type: 'message' });
    expect(response.usage).toMatchObject({
      output_tokens: 32,
      output_tokens_details: { reasoning_tokens: 12 },
    });
    const reasoning = thought?.type === 'reasoning' ? textOf(thought.content) : '';
    expect(reasoning).toMatch(/^Step 1: consider/);
    const chat = await client.chat.completions.create({
      model,
      messages: [{ role: 'user', content: 'Why?' }],
    });
    expect(chat.choices[0]?.message).toMatchObject({
      content: response.output_text,
      reasoning_content: reasoning,
    });
    expect(chat.usage?.completion_tokens_details?.reasoning_tokens).toBe(12);
  });

  test('is a summary, and encrypted, for who asks for that', async () => {
    const response = await client.responses
      .stream({
        model,
        input: 'Why?',
        reasoning: { summary: 'auto' },
        include: ['reasoning.encrypted_content'],
      })
      .finalResponse();
    expect(response.output[0]).toMatchObject({
      type: 'reasoning',
      summary: [{ type: 'summary_text', text: expect.stringMatching(/^Step 1/) }],
      encrypted_content: expect.any(String),
    });
  });

  test('can use up all the tokens there are', async () => {
    const response = await client.responses.create({ model, input: 'Why?', max_output_tokens: 5 });
    expect(response).toMatchObject({ status: 'incomplete', output: [{ type: 'reasoning' }] });
    expect(response.usage?.output_tokens_details.reasoning_tokens).toBe(5);
  });
});

describe('images', () => {
  test('are taken, and count as input', async () => {
    const url = 'data:image/png;base64,iVBORw0KGgo=';
    const input = (image: boolean): OpenAI.Responses.ResponseInput => [
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'Look' },
          ...(image ? [{ type: 'input_image', image_url: url, detail: 'auto' } as const] : []),
        ],
      },
    ];
    const without = await client.responses.create({ model: fast, input: input(false) });
    const seen = await client.responses.create({ model: fast, input: input(true) });
    const tokens = without.usage?.input_tokens ?? 0;
    expect(seen.usage?.input_tokens).toBe(tokens + 85);
    const chat = (image: boolean) =>
      client.chat.completions.create({
        model: fast,
        messages: [
          {
            role: 'user',
            content: [
              { type: 'text', text: 'Look' },
              ...(image ? [{ type: 'image_url', image_url: { url } } as const] : []),
            ],
          },
        ],
      });
    const [plain, shown] = [await chat(false), await chat(true)];
    expect(shown.usage?.prompt_tokens).toBe((plain.usage?.prompt_tokens ?? 0) + 85);
  });
});
