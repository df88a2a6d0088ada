import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { type Api, startApi } from '../fixtures/api.ts';
import { errorBody, responseResource } from '../fixtures/open-responses.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(() => api.stop());

type Resource = z.infer<typeof responseResource>;

const post = async (body: object): Promise<Resource> => {
  const answer = await api.ask('POST', '/v1/responses', body);
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toMatch(/^application\/json/);
  return responseResource.parse(answer.body);
};

const get = async (id: string): Promise<Resource> =>
  responseResource.parse((await api.ask('GET', `/v1/responses/${id}`)).body);

const textsOf = ({ output }: Resource): string[] =>
  output.flatMap((item) =>
    item.type === 'message'
      ? item.content.map((part) => (part.type === 'refusal' ? part.refusal : part.text))
      : [],
  );

const callsOf = ({ output }: Resource) =>
  output.flatMap((item) => (item.type === 'function_call' ? [item] : []));

const weather = {
  type: 'function',
  name: 'weather',
  parameters: {
    type: 'object',
    properties: { town: { type: 'string' } },
    required: ['town'],
    additionalProperties: false,
  },
};
const asking = 'call:weather {"town":"Höfn"} please';
const dot =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==';

describe.concurrent.each([
  ['a responses upstream', 'demo'],
  ['a chat upstream', 'demo-chat'],
])('Open Responses on %s: the response', (_, model) => {
  it('is whole in each of its states', async () => {
    const states = new Map<string, Resource>();
    const see = (resource: Resource): void => void states.set(resource.status, resource);
    see(await post({ model, input: 'Whole.' }));
    see(await post({ model, input: 'Short.', max_output_tokens: 16 }));
    const running = await post({
      model: `${model}?tokens=200&rate=10`,
      input: 'Long.',
      background: true,
    });
    see(running);
    see(
      await waitFor(
        () => get(running.id),
        ({ output }) => output.length > 0,
        90_000,
      ),
    );
    await api.send('POST', `/v1/responses/${running.id}/cancel`);
    see(await get(running.id));
    const failing = await post({ model: `${model}?fault=400`, input: 'Bad.', background: true });
    see(
      await waitFor(
        () => get(failing.id),
        ({ status }) => status === 'failed',
        90_000,
      ),
    );
    expect(new Set(states.keys())).toEqual(
      new Set(['queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled']),
    );
    expect(states.get('incomplete')).toMatchObject({
      incomplete_details: { reason: 'max_output_tokens' },
      usage: { output_tokens: 16 },
    });
  });

  it('repeats the settings it was asked for', async () => {
    const settings = {
      instructions: 'Be kind.',
      temperature: 0.5,
      top_p: 0.9,
      presence_penalty: 0.1,
      frequency_penalty: 0.2,
      max_output_tokens: 100,
      parallel_tool_calls: false,
      tool_choice: 'none',
      metadata: { a: 'b' },
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      reasoning: { effort: 'low', summary: null },
    };
    const response = await post({ model, input: 'Settings.', tools: [weather], ...settings });
    expect(response).toMatchObject({ ...settings, store: true, background: false });
    expect(response.tools).toMatchObject([{ ...weather, description: null }]);
  });

  it('takes input as text and as items of each role and kind', async () => {
    const response = await post({
      model,
      input: [
        { type: 'message', role: 'system', content: 'You are a keeper.' },
        { role: 'developer', content: [{ type: 'input_text', text: 'Be brief.' }] },
        { role: 'user', content: 'Who are you?' },
        {
          type: 'message',
          role: 'assistant',
          content: [{ type: 'output_text', text: 'The keeper.', annotations: [] }],
        },
        { type: 'function_call', call_id: 'c1', name: 'weather', arguments: '{"town":"Höfn"}' },
        { type: 'function_call_output', call_id: 'c1', output: 'Snow.' },
        { type: 'message', role: 'user', content: [{ type: 'input_text', text: 'And tonight?' }] },
      ],
      tools: [weather],
    });
    expect(textsOf(response).join('')).toContain('And tonight?');
  });

  it('sees images', async () => {
    const ask = (content: unknown) => post({ model, input: [{ role: 'user', content }] });
    const text = { type: 'input_text', text: 'What is this?' };
    const blind = await ask([text]);
    const seen = await ask([
      text,
      { type: 'input_image', image_url: dot, detail: 'low' },
      { type: 'input_image', image_url: 'https://example.com/a.png', detail: 'auto' },
    ]);
    expect((seen.usage?.input_tokens ?? 0) - (blind.usage?.input_tokens ?? 0)).toBe(2 * 85);
  });

  it('calls tools and takes their results, with its own items sent back', async () => {
    const asked = await post({ model, input: asking, tools: [weather] });
    const [call] = callsOf(asked);
    expect(call).toMatchObject({ name: 'weather', status: 'completed' });
    expect(JSON.parse(call?.arguments ?? '')).toEqual({ town: 'Höfn' });
    const result = { type: 'function_call_output', call_id: call?.call_id, output: 'Hail.' };
    const told = await post({
      model,
      input: [{ role: 'user', content: asking }, ...asked.output, result],
      tools: [weather],
    });
    expect(textsOf(told).join('')).toContain('Hail.');
    const byId = await post({
      model,
      input: [result],
      previous_response_id: asked.id,
      tools: [weather],
    });
    expect(textsOf(byId).join('')).toContain('Hail.');
    expect(byId.previous_response_id).toBe(asked.id);
  });

  it('may be made to call a tool', async () => {
    const input = 'Nothing about tools.';
    for (const tool_choice of ['required', { type: 'function', name: 'weather' }]) {
      const response = await post({ model, input, tools: [weather], tool_choice });
      expect(callsOf(response)).toMatchObject([{ name: 'weather' }]);
      expect(response.tool_choice).toEqual(tool_choice);
    }
  });

  it('writes to a schema', async () => {
    const format = {
      type: 'json_schema',
      name: 'reply',
      strict: true,
      schema: {
        type: 'object',
        properties: {
          count: { type: 'integer' },
          tags: { type: 'array', items: { type: 'string' } },
        },
        required: ['count', 'tags'],
        additionalProperties: false,
      },
    };
    const response = await post({ model, input: 'As JSON.', text: { format } });
    expect(JSON.parse(textsOf(response).join(''))).toEqual({
      count: expect.any(Number),
      tags: expect.any(Array),
    });
    expect(response.text.format).toMatchObject(format);
  });

  it('shows what was thought', async () => {
    const response = await post({ model: `${model}?reasoning=16`, input: 'Think.' });
    expect(response.output.map(({ type }) => type)).toEqual(['reasoning', 'message']);
    expect(response.usage?.output_tokens_details.reasoning_tokens).toBe(16);
  });
});

describe.concurrent('Open Responses: errors', () => {
  it.each([
    ['no input', { model: 'demo' }, 400],
    ['an unknown model', { model: 'other', input: 'a' }, 404],
    ['a bad field', { model: 'demo', input: 'a', temperature: 'hot' }, 400],
    ['an unknown earlier response', { model: 'demo', input: 'a', previous_response_id: 'x' }, 404],
  ])('%s is answered with an error object', async (_, body, status) => {
    const answer = await api.ask('POST', '/v1/responses', body);
    expect(answer.status).toBe(status);
    expect(errorBody.parse(answer.body).error.type).toBe('invalid_request_error');
  });
});
