import { describe, expect, it } from 'vitest';
import { Fault } from '../../../../lib/errors.ts';
import { chatCall, parseChatRequest } from '../../../../lib/wire/chat/request.ts';

const messages = [{ role: 'user', content: 'Hello' }];

const refusal = (body: unknown): Fault => {
  try {
    parseChatRequest(body);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('The body was accepted.');
};

const asks = (...content: unknown[]) => ({ messages: [{ role: 'user', content }] });

describe('what is accepted', () => {
  it('the body is kept whole, with fields, parts and roles that we do not know', () => {
    const body = {
      model: 'gpt-5',
      colour: { of: 'the sky' },
      messages: [
        { role: 'developer', content: 'Be brief.', name: 'ops', mood: 1 },
        { role: 'user', content: [{ type: 'hologram', hologram: 'x' }] },
        { role: 'assistant', content: null, tool_calls: [{ id: 'call_1' }] },
        { role: 'assistant', function_call: { name: 'f', arguments: '{}' } },
        { role: 'assistant', refusal: 'No.' },
        { role: 'tool', content: '42', tool_call_id: 'call_1' },
        { role: 'function', name: 'f', content: null },
      ],
      tools: [{ type: 'function', function: { name: 'f', parameters: {} }, x: 1 }, { type: 'web' }],
      temperature: 'the upstream knows better',
    };
    const request = parseChatRequest(body);
    expect(request.body).toEqual(body);
    expect(request.messages).toEqual(body.messages);
    expect(request.tools).toEqual(body.tools);
    expect(parseChatRequest(request.body)).toEqual(request);
  });

  it('what we act on arrives under its own name', () => {
    const body = {
      messages,
      model: 'gpt-5',
      stream: true,
      stream_options: { include_usage: true },
      n: 2,
      max_tokens: 5,
      store: false,
      metadata: { a: 'b' },
    };
    expect(parseChatRequest(body)).toMatchObject({
      model: 'gpt-5',
      stream: true,
      includeUsage: true,
      choices: 2,
      maxOutputTokens: 5,
      store: false,
      metadata: { a: 'b' },
    });
    expect(parseChatRequest({ messages, max_completion_tokens: 9 }).maxOutputTokens).toBe(9);
  });

  it('a setting that is null counts as not given', () => {
    const names = ['model', 'stream', 'stream_options', 'n', 'tools', 'max_tokens', 'metadata'];
    const unset = Object.fromEntries(names.map((name) => [name, null]));
    expect(parseChatRequest({ messages, ...unset })).toEqual({
      body: { messages, ...unset },
      messages,
      stream: false,
      includeUsage: false,
      choices: 1,
      tools: [],
    });
  });

  it.each(['https://example.com/a.png', 'data:image/png;base64,iVBORw0KGgo='])(
    '%s is an image',
    (url) => {
      expect(() => parseChatRequest(asks({ type: 'image_url', image_url: { url } }))).not.toThrow();
    },
  );
});

describe('what is refused', () => {
  const image = (image_url: unknown) => asks({ type: 'image_url', image_url });
  it.each<[string, unknown, string, string | null]>([
    ['a body that is not an object', [], 'invalid_value', null],
    ['null', null, 'invalid_value', null],
    ['no messages', {}, 'missing_required_parameter', 'messages'],
    ['an empty conversation', { messages: [] }, 'invalid_value', 'messages'],
    ['messages that are no array', { messages: 'hi' }, 'invalid_value', 'messages'],
    ['a message that is no object', { messages: ['hi'] }, 'invalid_value', 'messages[0]'],
    [
      'an unknown role',
      { messages: [{ role: 'wizard', content: 'a' }] },
      'invalid_value',
      'messages[0].role',
    ],
    [
      'a user who says nothing',
      { messages: [...messages, { role: 'user', content: null }] },
      'invalid_value',
      'messages[1].content',
    ],
    ['content of another kind', asks(3), 'invalid_value', 'messages[0].content[0]'],
    ['no part at all', asks(), 'invalid_value', 'messages[0].content'],
    [
      'a part without a type',
      asks({ text: 'a' }),
      'missing_required_parameter',
      'messages[0].content[0].type',
    ],
    ['an image without one', image('x'), 'invalid_value', 'messages[0].content[0].image_url'],
    [
      'an image that is none',
      image({ url: 'ftp://example.com/a.png' }),
      'invalid_value',
      'messages[0].content[0].image_url.url',
    ],
    [
      'an image in a data URL of another kind',
      image({ url: 'data:text/html,<p>' }),
      'invalid_value',
      'messages[0].content[0].image_url.url',
    ],
    ['tools that are no array', { messages, tools: {} }, 'invalid_value', 'tools'],
    ['a tool that is no object', { messages, tools: ['f'] }, 'invalid_value', 'tools[0]'],
    [
      'a tool without type',
      { messages, tools: [{}] },
      'missing_required_parameter',
      'tools[0].type',
    ],
    [
      'a function that is none',
      { messages, tools: [{ type: 'function' }] },
      'missing_required_parameter',
      'tools[0].function',
    ],
    [
      'a function without name',
      { messages, tools: [{ type: 'function', function: { name: '' } }] },
      'invalid_value',
      'tools[0].function.name',
    ],
    ['stream that is no boolean', { messages, stream: 'yes' }, 'invalid_value', 'stream'],
    [
      'options without a stream',
      { messages, stream_options: {} },
      'invalid_value',
      'stream_options',
    ],
    ['no choice', { messages, n: 0 }, 'invalid_value', 'n'],
    ['no output', { messages, max_tokens: 0 }, 'invalid_value', 'max_tokens'],
    ['a model of many lines', { messages, model: 'a\nb' }, 'invalid_value', 'model'],
    ['metadata of numbers', { messages, metadata: { a: 1 } }, 'invalid_value', 'metadata.a'],
  ])('%s', (_, body, code, param) => {
    expect(refusal(body)).toMatchObject({ code, reported: { status: 400, param } });
  });

  it('a file that lives in the upstream’s account, unless the tenant may name it', () => {
    const body = asks({ type: 'text', text: 'Read.' }, { type: 'file', file: { file_id: 'f-1' } });
    expect(refusal(body).reported.param).toBe('messages[0].content[1].file.file_id');
    expect(parseChatRequest(body, 'allowed').body).toBe(body);
    const own = asks({ type: 'file', file: { file_data: 'data:application/pdf;base64,AA==' } });
    expect(() => parseChatRequest(own)).not.toThrow();
  });

  it('an earlier spoken answer in the upstream’s account', () => {
    const body = { messages: [...messages, { role: 'assistant', audio: { id: 'audio_1' } }] };
    expect(refusal(body).reported.param).toBe('messages[1].audio.id');
  });
});

describe('the call to a chat upstream', () => {
  it('is the body, streamed with its usage, under the model that was chosen', () => {
    const body = {
      messages,
      model: 'alias',
      stream: true,
      stream_options: { include_obfuscation: false },
      seed: 7,
    };
    expect(chatCall(parseChatRequest(body), 'gpt-5')).toEqual({
      protocol: 'chat',
      body: {
        ...body,
        model: 'gpt-5',
        stream_options: { include_obfuscation: false, include_usage: true },
      },
    });
  });
});
