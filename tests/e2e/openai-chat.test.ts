import type { ChatCompletionTool } from 'openai/resources/chat/completions';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';
import { collect } from '../fixtures/collect.ts';
import { allFrames } from '../fixtures/event-frames.ts';
import { hasEnded, ledgerOf } from '../fixtures/job-ledger.ts';
import { answerOf } from '../fixtures/service.ts';
import { waitFor } from '../fixtures/wait-for.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi({ WAIT_DEFAULT_MS_CHAT: '4000', ADMIT_UNSEEN: 'inline' });
});
afterAll(() => api.stop());

const user = (content: string) => [{ role: 'user' as const, content }];
const weather: ChatCompletionTool = {
  type: 'function',
  function: {
    name: 'weather',
    parameters: {
      type: 'object',
      properties: { town: { type: 'string' } },
      required: ['town'],
      additionalProperties: false,
    },
    strict: true,
  },
};

describe.concurrent.each([
  ['a responses upstream', 'demo'],
  ['a chat upstream', 'demo-chat'],
])('chat completions by OpenAI’s client on %s', (_, model) => {
  it('creates a completion', async () => {
    const { data, response } = await api.client.chat.completions
      .create({ model, messages: user('A plain question.') })
      .withResponse();
    expect(response.status).toBe(200);
    expect(data).toMatchObject({
      id: expect.stringMatching(/^chatcmpl_[0-9a-f]{32}$/),
      object: 'chat.completion',
      model,
      choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant' } }],
      usage: { completion_tokens: 60 },
    });
    expect(data.choices[0]?.message.content).toContain('A plain question.');
  });

  it('says that the limit cut it short', async () => {
    const limited = await api.client.chat.completions.create({
      model,
      messages: user('Cut short.'),
      max_completion_tokens: 5,
    });
    expect(limited).toMatchObject({
      choices: [{ finish_reason: 'length' }],
      usage: { completion_tokens: 5 },
    });
  });

  it('streams a completion, with its usage where that is asked for', async () => {
    const create = (more: object) =>
      api.client.chat.completions.create({
        model,
        messages: user('Streamed.'),
        stream: true,
        ...more,
      });
    const plain = await collect(await create({}));
    const withUsage = await collect(await create({ stream_options: { include_usage: true } }));
    const text = (chunks: typeof plain) =>
      chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('');
    expect(text(plain)).toContain('Streamed.');
    expect(text(withUsage)).toBe(text(plain));
    expect(plain.every((chunk) => chunk.usage == null && chunk.choices.length === 1)).toBe(true);
    expect(new Set(plain.map(({ id }) => id)).size).toBe(1);
    expect(plain[0]?.id).toMatch(/^chatcmpl_[0-9a-f]{32}$/);
    expect(withUsage.at(-1)).toMatchObject({ choices: [], usage: { completion_tokens: 60 } });
  });

  it('streams the whole of a completion whose first attempt failed', async () => {
    const body = (controls: string) => ({
      model: `${model}?tokens=40&rate=200${controls}`,
      messages: user('Streamed after all.'),
      stream: true as const,
      stream_options: { include_usage: true },
    });
    const [whole, retried] = await Promise.all(
      ['', '&fault=500&times=1'].map(async (controls) =>
        collect(await api.client.chat.completions.create(body(controls))),
      ),
    );
    const told = (chunks: typeof whole = []) =>
      chunks.map(({ choices, usage }) => ({ choices, usage }));
    expect(told(retried)).toEqual(told(whole));
    expect(whole?.at(-1)).toMatchObject({ usage: { completion_tokens: 40 } });
  });

  it('ends a stream with [DONE], in whole frames without names', async () => {
    const answer = await api.send('POST', '/v1/chat/completions', {
      model,
      messages: user('Frames.'),
      stream: true,
    });
    expect(answer.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const frames = await allFrames(answer);
    expect(frames.at(-1)?.text).toBe('data: [DONE]\n\n');
    expect(frames.every(({ text }) => /^data: [^\n]+\n\n$/.test(text))).toBe(true);
  });

  it('calls tools, plain and by the helper for streams, and takes their results', async () => {
    const messages = user('call:weather {"town":"Reykjavík"} please');
    const plain = await api.client.chat.completions.create({ model, messages, tools: [weather] });
    const [choice] = plain.choices;
    const [call] = choice?.message.tool_calls ?? [];
    expect(choice?.finish_reason).toBe('tool_calls');
    expect(call).toMatchObject({
      id: expect.stringMatching(/\S/),
      type: 'function',
      function: { name: 'weather', arguments: '{"town":"Reykjavík"}' },
    });
    const final = await api.client.chat.completions
      .stream({ model, messages, tools: [weather] })
      .finalChatCompletion();
    expect(final.choices[0]?.message.tool_calls).toMatchObject([
      { function: { name: 'weather', parsed_arguments: { town: 'Reykjavík' } } },
    ]);
    if (choice === undefined || call === undefined) throw new Error('no call');
    const told = await api.client.chat.completions.create({
      model,
      tools: [weather],
      messages: [
        ...messages,
        choice.message,
        { role: 'tool', tool_call_id: call.id, content: 'Rain and sun.' },
      ],
    });
    expect(told.choices[0]?.message.content).toContain('Rain and sun.');
  });

  it('writes to a schema', async () => {
    const { choices } = await api.client.chat.completions.parse({
      model,
      messages: user('As JSON.'),
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'reply',
          strict: true,
          schema: {
            type: 'object',
            properties: { yes: { type: 'boolean' } },
            required: ['yes'],
            additionalProperties: false,
          },
        },
      },
    });
    expect(choices[0]?.message.parsed).toEqual({ yes: expect.any(Boolean) });
  });

  it('reports that the model gives one choice only, in the upstream’s words', async () => {
    await expect(
      api.client.chat.completions.create({ model, messages: user('Twice.'), n: 2 }),
    ).rejects.toMatchObject({ status: 400, param: 'n', code: 'unsupported_value' });
  });

  it('answers 202 to respond-async, and the result URL holds the completion', async () => {
    const { status, headers, body } = await api.ask<{ id: string; result_url: string }>(
      'POST',
      '/v1/chat/completions',
      { model, messages: user('Later.') },
      { prefer: 'respond-async' },
    );
    expect(status).toBe(202);
    expect(headers.get('preference-applied')).toBe('respond-async');
    expect(headers.get('location')).toBe(body.result_url);
    const result = await waitFor(
      async () => answerOf(await fetch(body.result_url, { headers: { prefer: 'wait=10' } })),
      (answer) => answer.status === 200,
      90_000,
    );
    expect(result.body).toMatchObject({
      id: body.id,
      object: 'chat.completion',
      choices: [{ message: { content: expect.stringContaining('Later.') } }],
      usage: { completion_tokens: 60 },
    });
  });

  it('holds a plain call as long as it may, then says where the completion will be', async () => {
    const { status, body } = await api.ask<{ result_url: string }>('POST', '/v1/chat/completions', {
      model: `${model}?tokens=60&rate=10`,
      messages: user(`Held on ${model}.`),
    });
    expect(status).toBe(202);
    expect(body).toMatchObject({ object: 'chat.completion', choices: [], usage: null });
    const result = await waitFor(
      async () => answerOf(await fetch(body.result_url, { headers: { prefer: 'wait=10' } })),
      (answer) => answer.status === 200,
      90_000,
    );
    expect(result.body).toMatchObject({
      choices: [{ finish_reason: 'stop', message: { content: expect.stringContaining('Held') } }],
    });
  });

  it('goes on when the client goes away in mid-stream, until its job is cancelled', async () => {
    const left = async (prompt: string): Promise<string> => {
      const stream = await api.client.chat.completions.create({
        model: `${model}?tokens=40&rate=10`,
        messages: user(prompt),
        stream: true,
      });
      for await (const { id, choices } of stream) if (choices[0]?.delta.content) return id;
      throw new Error('nothing was streamed');
    };
    const [alone, cancelled] = [`Left alone, ${model}.`, `Cancelled, ${model}.`];
    const [id, other] = await Promise.all([left(alone), left(cancelled)]);
    expect(await api.ask('POST', `/jobs/${other}/cancel`)).toMatchObject({
      body: { api: 'chat', status: 'cancelled' },
    });
    const ledger = await waitFor(() => ledgerOf(api, id), hasEnded, 60_000);
    expect(ledger).toMatchObject({ status: 'completed', usage: { output_tokens: 40 } });
    expect(await api.generations(alone)).toMatchObject([{ outcome: 'finished', open: false }]);
    expect(await api.generations(cancelled)).toMatchObject([
      { outcome: 'client_gone', open: false },
    ]);
  });
});
