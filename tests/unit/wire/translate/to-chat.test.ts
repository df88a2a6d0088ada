import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { parseGenerateRequest } from '../../../../lib/wire/generate-request.ts';
import { expandPrevious } from '../../../../lib/wire/responses/previous.ts';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { generateToResponses } from '../../../../lib/wire/translate/generate-to-responses.ts';
import { toChat } from '../../../../lib/wire/translate/to-chat.ts';
import { faultOf } from '../responses/fault-of.ts';

const chat = (body: Record<string, unknown>) =>
  toChat(parseResponsesRequest({ input: 'Hi', ...body }, 'allowed'), { model: 'm' }).body;
const messagesOf = (...input: unknown[]) => chat({ input })['messages'];
const refusal = (body: Record<string, unknown>) => faultOf(() => chat(body));
const f = { type: 'function', name: 'f', description: 'd', parameters: { type: 'object' } };
const g = { type: 'function', name: 'g', strict: true };

describe('a responses request in chat form', () => {
  it('is one streamed message when it is one text', () => {
    expect(chat({})).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
    });
  });

  it('has instructions, earlier turns and new ones in that order', () => {
    const earlier = expandPrevious(
      {
        input: [{ role: 'user', content: 'One' }],
        output: [{ type: 'message', role: 'assistant', id: 'msg_1', content: 'Two' }],
      },
      'chat',
    );
    const request = parseResponsesRequest({ input: 'Three', instructions: 'Count.' });
    expect(toChat(request, { model: 'm', earlier }).body['messages']).toEqual([
      { role: 'system', content: 'Count.' },
      { role: 'user', content: 'One' },
      { role: 'assistant', content: 'Two' },
      { role: 'user', content: 'Three' },
    ]);
  });

  it('says what was said, by whoever said it', () => {
    const logprobs: unknown[] = [];
    expect(
      messagesOf(
        { role: 'developer', content: [{ type: 'input_text', text: 'Be kind.' }] },
        {
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look:' },
            { type: 'input_image', image_url: 'https://a.test/b.png', detail: 'high' },
            { type: 'input_image', image_url: 'data:image/png;base64,AAAA', detail: 'auto' },
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          ],
        },
        {
          type: 'message',
          id: 'msg_1',
          status: 'completed',
          role: 'assistant',
          content: [
            { type: 'output_text', text: 'A ', annotations: [], logprobs },
            { type: 'output_text', text: 'cat.' },
            { type: 'refusal', refusal: ' No more.' },
          ],
        },
      ),
    ).toEqual([
      { role: 'system', content: 'Be kind.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'Look:' },
          { type: 'image_url', image_url: { url: 'https://a.test/b.png', detail: 'high' } },
          { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
        ],
      },
      { role: 'assistant', content: 'A cat. No more.' },
    ]);
  });

  it('has all calls of a turn in one message, before their outputs', () => {
    const call = (call_id: string) => ({
      type: 'function_call',
      id: `fc_${call_id}`,
      call_id,
      name: 'f',
      arguments: '{}',
      status: 'completed',
    });
    const output = (call_id: string) => ({
      type: 'function_call_output',
      call_id,
      output: call_id,
    });
    const toolCall = (id: string) => ({
      id,
      type: 'function',
      function: { name: 'f', arguments: '{}' },
    });
    expect(
      messagesOf(
        { role: 'user', content: 'Go' },
        { type: 'reasoning', id: 'rs_1', summary: [] },
        { type: 'message', role: 'assistant', content: 'Going' },
        call('a'),
        call('b'),
        output('a'),
        output('b'),
        call('c'),
        output('c'),
      ),
    ).toEqual([
      { role: 'user', content: 'Go' },
      { role: 'assistant', content: 'Going', tool_calls: [toolCall('a'), toolCall('b')] },
      { role: 'tool', tool_call_id: 'a', content: 'a' },
      { role: 'tool', tool_call_id: 'b', content: 'b' },
      { role: 'assistant', content: null, tool_calls: [toolCall('c')] },
      { role: 'tool', tool_call_id: 'c', content: 'c' },
    ]);
  });

  it('offers functions', () => {
    const { type, ...described } = f;
    expect(
      chat({ tools: [f, g], tool_choice: 'required', parallel_tool_calls: false }),
    ).toMatchObject({
      tools: [
        { type, function: described },
        { type, function: { name: 'g', strict: true } },
      ],
      tool_choice: 'required',
      parallel_tool_calls: false,
    });
    expect(chat({ tools: [f], tool_choice: { type: 'function', name: 'f' } })).toMatchObject({
      tool_choice: { type: 'function', function: { name: 'f' } },
    });
  });

  it('offers no other functions than those that are allowed', () => {
    const tool_choice = {
      type: 'allowed_tools',
      mode: 'auto',
      tools: [{ type: 'function', name: 'g' }],
    };
    expect(chat({ tools: [f, g], tool_choice })).toMatchObject({
      tools: [{ function: { name: 'g' } }],
      tool_choice: 'auto',
    });
  });

  it('does not speak of choosing among no tools', () => {
    const body = chat({ tools: [], tool_choice: 'auto', parallel_tool_calls: true });
    expect(Object.keys(body).toSorted()).toEqual(['messages', 'model', 'stream', 'stream_options']);
  });

  it('has the settings under their names in chat', () => {
    const schema = { type: 'object' };
    expect(
      chat({
        max_output_tokens: 5,
        temperature: 0.1,
        top_p: 0.9,
        presence_penalty: 1,
        frequency_penalty: -1,
        top_logprobs: 2,
        include: ['message.output_text.logprobs', 'message.input_image.image_url'],
        reasoning: { effort: 'low', summary: null },
        text: {
          verbosity: 'low',
          format: { type: 'json_schema', name: 'n', schema, strict: true, description: 'd' },
        },
        truncation: 'disabled',
        user: 'u',
        safety_identifier: 's',
        prompt_cache_key: 'k',
        service_tier: 'flex',
        stream: true,
        stream_options: { include_obfuscation: false },
        metadata: { a: 'b' },
        store: true,
        top_k: 40,
        stop: ['.'],
        provider: { order: ['x'] },
      }),
    ).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Hi' }],
      stream: true,
      stream_options: { include_usage: true },
      max_completion_tokens: 5,
      temperature: 0.1,
      top_p: 0.9,
      presence_penalty: 1,
      frequency_penalty: -1,
      logprobs: true,
      top_logprobs: 2,
      reasoning_effort: 'low',
      verbosity: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 'n', schema, strict: true, description: 'd' },
      },
      user: 'u',
      safety_identifier: 's',
      prompt_cache_key: 'k',
      service_tier: 'flex',
      top_k: 40,
      stop: ['.'],
      provider: { order: ['x'] },
    });
    expect(chat({ text: { format: { type: 'json_object' } } })).toMatchObject({
      response_format: { type: 'json_object' },
    });
  });

  it.each([
    ['tools[0].type', { tools: [{ type: 'web_search' }] }],
    ['tools[1].type', { tools: [f, { type: 'custom', name: 'c' }] }],
    ['tools[0].defer_loading', { tools: [{ ...f, defer_loading: true }] }],
    ['tool_choice.type', { tools: [f], tool_choice: { type: 'web_search_preview' } }],
    ['tool_choice.tools[0]', { tool_choice: { type: 'allowed_tools', tools: [{ type: 'mcp' }] } }],
    ['tool_choice', { tool_choice: 'sometimes' }],
    ['truncation', { truncation: 'auto' }],
    ['include[0]', { include: ['constructor'] }],
    ['include[1]', { include: ['message.output_text.logprobs', 'reasoning.encrypted_content'] }],
    ['max_tool_calls', { max_tool_calls: 1 }],
    ['reasoning.summary', { reasoning: { effort: 'low', summary: 'auto' } }],
    ['text.format.type', { text: { format: { type: 'grammar' } } }],
    ['text.novelty', { text: { novelty: 1 } }],
    [
      'stream_options.include_obfuscation',
      { stream: true, stream_options: { include_obfuscation: true } },
    ],
    ['prompt', { prompt: { id: 'p' } }],
    ['conversation', { conversation: 'c' }],
    ['n', { n: 2 }],
    ['messages', { messages: [] }],
    ['max_tokens', { max_tokens: 3 }],
    ['response_format', { response_format: { type: 'json_object' } }],
    ['input[0].type', { input: [{ type: 'web_search_call', id: 'ws_1' }] }],
    ['input[0].role', { input: [{ role: 'tool', content: 'x' }] }],
    ['input[0].phase', { input: [{ role: 'assistant', content: 'x', phase: 'commentary' }] }],
    ['input[0].call_id', { input: [{ type: 'function_call', name: 'f', arguments: '{}' }] }],
    [
      'input[0].content[0].type',
      { input: [{ role: 'user', content: [{ type: 'input_file', file_data: 'x' }] }] },
    ],
    [
      'input[0].content[0].type',
      { input: [{ role: 'system', content: [{ type: 'input_image', image_url: 'http://a' }] }] },
    ],
    [
      'input[0].content[0].file_id',
      { input: [{ role: 'user', content: [{ type: 'input_image', file_id: 'file_1' }] }] },
    ],
    [
      'input[0].output[0].type',
      {
        input: [
          {
            type: 'function_call_output',
            call_id: 'c',
            output: [{ type: 'input_image', image_url: 'http://a' }],
          },
        ],
      },
    ],
  ])('is refused for %s, which chat cannot say', (param, body) => {
    expect(refusal(body)).toMatchObject({ status: 400, code: 'unsupported_parameter', param });
  });
});

/** The fields of a request as OpenAI's client knows them. */
const knownFields = (): readonly string[] => {
  const url = import.meta.resolve('openai/resources/responses/responses');
  const types = readFileSync(new URL(url.replace(/\.m?js$/, '.d.ts')), 'utf8');
  const start = types.indexOf('export interface ResponseCreateParamsBase {');
  const body = types.slice(start, types.indexOf('\n}', start));
  return [...body.matchAll(/^ {4}(\w+)\??:/gm)].map(([, name = '']) => name);
};

/** A value for which each field cannot be left out without a word. */
const telling: Readonly<Record<string, unknown>> = {
  input: 'Tell',
  instructions: 'Tell',
  include: ['message.output_text.logprobs'],
  max_output_tokens: 3,
  parallel_tool_calls: false,
  reasoning: { effort: 'high' },
  temperature: 0.3,
  text: { verbosity: 'low' },
  tool_choice: 'required',
  tools: [f],
  top_logprobs: 3,
  top_p: 0.3,
  truncation: 'auto',
  service_tier: 'flex',
  user: 'u',
  safety_identifier: 's',
  prompt_cache_key: 'k',
  prompt_cache_options: { mode: 'explicit' },
  prompt_cache_retention: '24h',
  access_programs: { cyber: 'standard' },
  context_management: [{ type: 'compaction' }],
  conversation: 'conv_1',
  image: { context_compression: 'enabled' },
  max_tool_calls: 3,
  moderation: { model: 'm' },
  prompt: { id: 'p' },
  frequency_penalty: 1,
  presence_penalty: 1,
};

/** What we do ourselves, so that the upstream need not hear of it. */
const ours = ['background', 'metadata', 'model', 'previous_response_id', 'store', 'stream'];

describe('a field that OpenAI’s client knows', () => {
  const fields = knownFields().filter((name) => ![...ours, 'stream_options'].includes(name));

  it('is among those that were looked up', () => {
    expect(fields.length).toBeGreaterThan(25);
    expect(fields).toEqual(expect.arrayContaining(['input', 'tools', 'moderation']));
  });

  it.each(fields)('%s is translated or refused, and never dropped', (field) => {
    expect(telling).toHaveProperty(field);
    const base = { input: 'Hi', ...(field === 'parallel_tool_calls' ? { tools: [f] } : {}) };
    const before = JSON.stringify(chat(base));
    const fault = refusal({ ...base, [field]: telling[field] });
    if (fault === undefined) {
      expect(JSON.stringify(chat({ ...base, [field]: telling[field] }))).not.toBe(before);
    } else {
      expect(fault.param).toMatch(new RegExp(`^${field}`));
    }
  });
});

describe('a generate request in responses form', () => {
  it('is the same conversation, kept upstream only where it must be', () => {
    const request = parseGenerateRequest({
      messages: [
        { role: 'system', content: 'Be kind.' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'Look' },
            { type: 'image_url', image_url: { url: 'https://a.test/b' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'done' },
      ],
      max_output_tokens: 3,
      temperature: 0,
    });
    const { protocol, body } = generateToResponses(request, { model: 'm', background: false });
    expect(protocol).toBe('responses');
    expect(body).toEqual({
      model: 'm',
      input: [
        { type: 'message', role: 'system', content: 'Be kind.' },
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'Look' },
            { type: 'input_image', image_url: 'https://a.test/b', detail: 'auto' },
          ],
        },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'done' },
      ],
      max_output_tokens: 3,
      temperature: 0,
      stream: true,
      store: false,
    });
    expect(generateToResponses(request, { model: 'm', background: true }).body).toMatchObject({
      background: true,
      store: true,
    });
  });
});
