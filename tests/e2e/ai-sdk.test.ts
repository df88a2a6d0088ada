import { createOpenAI } from '@ai-sdk/openai';
import { generateText, isStepCount, jsonSchema, Output, streamText, tool } from 'ai';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { collect } from '../fixtures/collect.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

const weather = tool({
  description: 'The weather of a town',
  inputSchema: jsonSchema<{ town: string }>({
    type: 'object',
    properties: { town: { type: 'string' } },
    required: ['town'],
    additionalProperties: false,
  }),
  execute: async ({ town }) => `Rain in ${town}.`,
});

describe.concurrent.each([
  ['responses', 'demo'],
  ['responses', 'demo-chat'],
  ['chat', 'demo'],
  ['chat', 'demo-chat'],
] as const)('the AI SDK’s %s models, by base URL and key alone, with %s', (kind, name) => {
  const model = (controls = '') => {
    const provider = createOpenAI({ baseURL: `${api.service.url}/v1`, apiKey: api.key });
    return provider[kind](`${name}${controls}`);
  };

  it('generate text', async () => {
    const { text, usage, finishReason, warnings, response } = await generateText({
      model: model(),
      instructions: 'You are brief.',
      prompt: 'A plain question.',
    });
    expect(text).toContain('A plain question.');
    expect(finishReason).toBe('stop');
    expect(usage).toMatchObject({ outputTokens: 60 });
    expect(warnings ?? []).toEqual([]);
    expect(response.id).toMatch(kind === 'responses' ? /^resp_/ : /^chatcmpl_/);
  });

  it('stream text', async () => {
    const result = streamText({ model: model(), prompt: 'Streamed.' });
    const pieces = await collect(result.textStream);
    expect(pieces.length).toBeGreaterThan(20);
    expect(pieces.join('')).toContain('Streamed.');
    expect(await result.finishReason).toBe('stop');
    expect(await result.usage).toMatchObject({ outputTokens: 60 });
  });

  it('say when the limit cut it short', async () => {
    const { finishReason } = await generateText({
      model: model(),
      prompt: 'Cut.',
      maxOutputTokens: 16,
    });
    expect(finishReason).toBe('length');
  });

  it('call a tool and go on with its result, plain and streamed', async () => {
    const asked = {
      model: model(),
      prompt: 'call:weather {"town":"Vík"} now',
      tools: { weather },
      stopWhen: isStepCount(3),
    };
    const plain = await generateText(asked);
    expect(plain.steps.map(({ finishReason }) => finishReason)).toEqual(['tool-calls', 'stop']);
    expect(plain.steps[0]?.toolResults).toMatchObject([
      { toolName: 'weather', input: { town: 'Vík' }, output: 'Rain in Vík.' },
    ]);
    expect(plain.text).toContain('Rain in Vík.');
    const streamed = streamText(asked);
    expect((await collect(streamed.textStream)).join('')).toContain('Rain in Vík.');
    expect(await streamed.steps).toHaveLength(2);
  });

  it('write to a schema', async () => {
    const { output } = await generateText({
      model: model(),
      prompt: 'As JSON.',
      output: Output.object({
        schema: jsonSchema<{ yes: boolean }>({
          type: 'object',
          properties: { yes: { type: 'boolean' } },
          required: ['yes'],
          additionalProperties: false,
        }),
      }),
    });
    expect(output).toEqual({ yes: expect.any(Boolean) });
  });

  it('meet an error once, with the upstream’s status', async () => {
    const prompt = `Failing, ${kind} ${name}.`;
    await expect(generateText({ model: model('?fault=422'), prompt })).rejects.toMatchObject({
      statusCode: 422,
    });
    expect(await api.generations(prompt)).toHaveLength(1);
  });
});

describe.concurrent('a conversation by the AI SDK that is not to be stored', () => {
  it.each(['demo', 'demo-chat'])('goes on over several turns with %s', async (name) => {
    const provider = createOpenAI({ baseURL: `${api.service.url}/v1`, apiKey: api.key });
    const model = provider.responses(name);
    const messages = [{ role: 'user' as const, content: 'First question.' }];
    const first = await generateText({
      model,
      messages,
      providerOptions: { openai: { store: false } },
    });
    const second = await generateText({
      model,
      messages: [
        ...messages,
        ...first.response.messages,
        { role: 'user', content: 'Second question.' },
      ],
      providerOptions: { openai: { store: false } },
    });
    expect(second.text).toContain('Second question.');
    expect(second.usage.inputTokens).toBeGreaterThan((first.usage.inputTokens ?? 0) + 40);
  });
});
