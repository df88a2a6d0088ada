import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Api, startApi } from '../fixtures/api.ts';

let api: Api;
beforeAll(async () => {
  api = await startApi();
});
afterAll(async () => {
  const log = await fetch(new URL('/_demo/generations', api.demo.baseUrl));
  const generated = await log.json();
  await api.stop();
  // None of the requests of this file may have cost anything.
  expect(generated).toEqual([]);
});

type Body = Readonly<Record<string, unknown>>;
type Refusal = readonly [what: string, param: string, body: Body];

const says = (...content: unknown[]): Body => ({ input: [{ role: 'user', content }] });
const withTool = (tool: unknown): Body => ({ input: 'a', tools: [tool] });

const references: readonly Refusal[] = [
  ['a conversation', 'conversation', { input: 'a', conversation: 'conv_1' }],
  ['a prompt template', 'prompt.id', { prompt: { id: 'pmpt_1' } }],
  ['an item', 'input[0]', { input: [{ type: 'item_reference', id: 'msg_1' }] }],
  [
    'a file',
    'input[0].content[0].file_id',
    says({ type: 'input_file', file_id: 'file-1' }, { type: 'input_text', text: 'a' }),
  ],
  [
    'an image file',
    'input[0].content[0].file_id',
    says({ type: 'input_image', file_id: 'file-1', detail: 'auto' }),
  ],
  [
    'a vector store',
    'tools[0].vector_store_ids',
    withTool({ type: 'file_search', vector_store_ids: ['vs_1'] }),
  ],
  ['a container', 'tools[0].container', withTool({ type: 'code_interpreter', container: 'c_1' })],
  [
    'a container’s files',
    'tools[0].container.file_ids',
    withTool({ type: 'code_interpreter', container: { type: 'auto', file_ids: ['file-1'] } }),
  ],
];

const malformed: readonly Refusal[] = [
  ['no input', 'input', {}],
  ['an input that is no text and no list', 'input', { input: 7 }],
  ['an item that is no object', 'input[0]', { input: ['a'] }],
  ['a message without a role', 'input[0].role', { input: [{ type: 'message', content: 'a' }] }],
  ['a message without content', 'input[0].content', { input: [{ role: 'user' }] }],
  ['a part without a type', 'input[0].content[0].type', says({ text: 'a' })],
  ['a part without text', 'input[0].content[0].text', says({ type: 'input_text' })],
  ['an image without a URL', 'input[0].content[0].image_url', says({ type: 'input_image' })],
  [
    'an image that is not one',
    'input[0].content[0].image_url',
    says({ type: 'input_image', image_url: 'data:text/html;base64,PGI+', detail: 'auto' }),
  ],
  [
    'an image that is no base64',
    'input[0].content[0].image_url',
    says({ type: 'input_image', image_url: 'data:image/png;base64,@@@', detail: 'auto' }),
  ],
  [
    'an image in a file of this machine',
    'input[0].content[0].image_url',
    says({ type: 'input_image', image_url: 'file:///etc/passwd', detail: 'auto' }),
  ],
  ['tools that are no list', 'tools', { input: 'a', tools: { type: 'function', name: 'f' } }],
  ['a tool that is no object', 'tools[0]', withTool('f')],
  ['a tool without a type', 'tools[0].type', withTool({ name: 'f' })],
  ['a function without a name', 'tools[0].name', withTool({ type: 'function' })],
  [
    'a function whose parameters are no schema',
    'tools[0].parameters',
    withTool({ type: 'function', name: 'f', parameters: [1] }),
  ],
  ['a tool choice that is a number', 'tool_choice', { input: 'a', tool_choice: 1 }],
  ['a text format without a type', 'text.format.type', { input: 'a', text: { format: {} } }],
  ['a stream that is a word', 'stream', { input: 'a', stream: 'yes' }],
  [
    'stream options without a stream',
    'stream_options',
    { input: 'a', stream_options: { include_obfuscation: false } },
  ],
  [
    'a background response that is not to be stored',
    'background',
    { input: 'a', background: true, store: false },
  ],
  ['a limit of no tokens', 'max_output_tokens', { input: 'a', max_output_tokens: 0 }],
  ['metadata that is not of texts', 'metadata.a', { input: 'a', metadata: { a: 1 } }],
  ['a model that is a number', 'model', { input: 'a', model: 1 }],
];

const untranslatable: readonly Refusal[] = [
  ['a tool that is no function', 'tools[0].type', withTool({ type: 'web_search' })],
  ['truncation', 'truncation', { input: 'a', truncation: 'auto' }],
  ['encrypted reasoning', 'include[0]', { input: 'a', include: ['reasoning.encrypted_content'] }],
  ['a reasoning summary', 'reasoning.summary', { input: 'a', reasoning: { summary: 'auto' } }],
  ['a limit of tool calls', 'max_tool_calls', { input: 'a', max_tool_calls: 2 }],
  ['chat’s own fields', 'max_tokens', { input: 'a', max_tokens: 9 }],
];

describe.concurrent.each(['demo', 'demo-chat'])('POST /v1/responses for %s refuses', (model) => {
  it.each([...references, ...malformed])('%s, naming %s', async (_, param, body) => {
    const refused = await api.ask('POST', '/v1/responses', { model, ...body });
    expect(refused).toMatchObject({
      status: 400,
      body: {
        error: {
          type: 'invalid_request_error',
          param,
          code: expect.stringMatching(/^(invalid_value|missing_required_parameter)$/),
          message: expect.stringContaining(param),
        },
      },
    });
  });
});

describe.concurrent('POST /v1/responses for a chat upstream', () => {
  it.each(untranslatable)(
    'refuses %s, which chat cannot say, naming %s',
    async (_, param, body) => {
      const refused = await api.ask('POST', '/v1/responses', { model: 'demo-chat', ...body });
      expect(refused).toMatchObject({
        status: 400,
        body: { error: { param, code: 'unsupported_parameter' } },
      });
    },
  );

  it('refuses the same before a job in the background is made', async () => {
    const refused = await api.ask('POST', '/v1/responses', {
      model: 'demo-chat',
      input: 'a',
      truncation: 'auto',
      background: true,
    });
    expect(refused).toMatchObject({ status: 400, body: { error: { param: 'truncation' } } });
    expect(await api.ask('GET', '/v1/responses')).toMatchObject({ body: { data: [] } });
  });
});

const tells = (...content: unknown[]): Body => ({ messages: [{ role: 'user', content }] });
const chatTool = (tool: unknown): Body => ({
  messages: [{ role: 'user', content: 'a' }],
  tools: [tool],
});

describe.concurrent('POST /v1/chat/completions refuses', () => {
  const refusals: readonly Refusal[] = [
    ['no messages', 'messages', {}],
    ['an empty list of messages', 'messages', { messages: [] }],
    ['an unknown role', 'messages[0].role', { messages: [{ role: 'cat', content: 'a' }] }],
    [
      'an uploaded file',
      'messages[0].content[0].file.file_id',
      tells({ type: 'file', file: { file_id: 'file-1' } }),
    ],
    [
      'an earlier spoken answer',
      'messages[0].audio.id',
      { messages: [{ role: 'assistant', audio: { id: 'audio_1' } }] },
    ],
    [
      'an image that is not one',
      'messages[0].content[0].image_url.url',
      tells({ type: 'image_url', image_url: { url: 'not an image' } }),
    ],
    [
      'a function without a name',
      'tools[0].function.name',
      chatTool({ type: 'function', function: {} }),
    ],
    ['a function that is missing', 'tools[0].function', chatTool({ type: 'function' })],
    [
      'stream options without a stream',
      'stream_options',
      { messages: [{ role: 'user', content: 'a' }], stream_options: { include_usage: true } },
    ],
  ];
  it.each(refusals)('%s, naming %s', async (_, param, body) => {
    const refused = await api.ask('POST', '/v1/chat/completions', { model: 'demo', ...body });
    expect(refused).toMatchObject({
      status: 400,
      body: { error: { type: 'invalid_request_error', param } },
    });
  });
});

describe.concurrent('a path', () => {
  it.each([
    ['PUT', '/v1/responses', 405],
    ['DELETE', '/v1/chat/completions', 405],
    ['GET', '/v1/responses/resp_1/cancel', 405],
    ['PATCH', '/jobs/resp_1', 405],
    ['GET', '/v1/responses/resp_1/nothing', 404],
    ['GET', '/v1/files', 404],
  ])('%s %s is answered in OpenAI’s shape of an error', async (method, path, status) => {
    const answer = await api.ask(method, path);
    expect(answer).toMatchObject({
      status,
      body: { error: { message: expect.any(String), type: 'invalid_request_error', param: null } },
    });
    expect(answer.headers.get('x-request-id')).toMatch(/\S/);
  });

  it.each([
    '/v1/responses?limit=0',
    '/v1/responses?order=up',
    '/v1/responses?status=done',
    '/v1/responses?after=',
  ])('%s is refused', async (path) => {
    expect(await api.ask('GET', path)).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_value' } },
    });
  });
});
