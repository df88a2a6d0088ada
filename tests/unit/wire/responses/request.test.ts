import { describe, expect, it } from 'vitest';
import { parseResponsesRequest } from '../../../../lib/wire/responses/request.ts';
import { faultOf } from './fault-of.ts';

const png = 'data:image/png;base64,iVBORw0KGgo=';
const refusal = (body: unknown) => faultOf(() => parseResponsesRequest(body));
const withContent = (...content: unknown[]) => ({ input: [{ role: 'user', content }] });

describe('a responses request', () => {
  it('is what was asked for, with OpenAI’s defaults and the whole body', () => {
    const body = { model: 'gpt-5', input: 'Hello', top_k: 7, reasoning: { effort: 'low', x: 1 } };
    expect(parseResponsesRequest(body)).toEqual({
      model: 'gpt-5',
      input: [{ type: 'message', role: 'user', content: 'Hello' }],
      stream: false,
      background: false,
      store: true,
      body,
    });
  });

  it('takes every field of ours', () => {
    expect(
      parseResponsesRequest({
        input: 'Hello',
        stream: true,
        stream_options: { include_obfuscation: false },
        background: true,
        previous_response_id: 'resp_1',
        metadata: { a: 'b' },
        max_output_tokens: 9,
      }),
    ).toMatchObject({
      stream: true,
      background: true,
      store: true,
      previousResponseId: 'resp_1',
      metadata: { a: 'b' },
      maxOutputTokens: 9,
    });
  });

  it('is read back the same from what is stored of it', () => {
    const first = parseResponsesRequest({
      input: [
        { role: 'user', content: [{ type: 'input_image', image_url: png }] },
        { type: 'x', y: 1 },
      ],
      instructions: null,
      tools: [{ type: 'function', name: 'f', parameters: {} }, { type: 'web_search' }],
      unknown: [{ deep: true }],
    });
    expect(parseResponsesRequest(JSON.parse(JSON.stringify(first.body)))).toEqual(first);
  });

  it('needs no input after a response that it continues', () => {
    expect(parseResponsesRequest({ previous_response_id: 'resp_1' }).input).toEqual([]);
  });

  it.each([
    ['a body that is no object', [], null],
    ['no input', {}, 'input'],
    ['an empty input', { input: [] }, 'input'],
    ['an input that is no text', { input: 7 }, 'input'],
    ['an item that is no object', { input: ['x'] }, 'input[0]'],
    ['an item of no type', { input: [{ type: 7 }] }, 'input[0].type'],
    ['a message without a role', { input: [{ content: 'x' }] }, 'input[0].role'],
    ['a message without content', { input: [{ role: 'user' }] }, 'input[0].content'],
    ['a part that is no object', withContent('x'), 'input[0].content[0]'],
    ['a part without a type', withContent({ text: 'x' }), 'input[0].content[0].type'],
    ['a text part without text', withContent({ type: 'input_text' }), 'input[0].content[0].text'],
    ['a stream that is no flag', { input: 'x', stream: 'yes' }, 'stream'],
    ['a model that is no name', { input: 'x', model: '' }, 'model'],
    ['a temperature that is no number', { input: 'x', temperature: 'hot' }, 'temperature'],
    ['a negative limit', { input: 'x', max_output_tokens: -1 }, 'max_output_tokens'],
    ['metadata of numbers', { input: 'x', metadata: { a: 1 } }, 'metadata.a'],
    ['background that is not stored', { input: 'x', background: true, store: false }, 'background'],
    ['stream options without a stream', { input: 'x', stream_options: {} }, 'stream_options'],
    ['tools that are no list', { input: 'x', tools: {} }, 'tools'],
    ['a tool that is no object', { input: 'x', tools: ['f'] }, 'tools[0]'],
    ['a tool without a type', { input: 'x', tools: [{ name: 'f' }] }, 'tools[0].type'],
    ['a function without a name', { input: 'x', tools: [{ type: 'function' }] }, 'tools[0].name'],
    [
      'a function whose schema is none',
      { input: 'x', tools: [{ type: 'function', name: 'f', parameters: [] }] },
      'tools[0].parameters',
    ],
    ['a text format without a type', { input: 'x', text: { format: {} } }, 'text.format.type'],
    ['a tool choice without a type', { input: 'x', tool_choice: {} }, 'tool_choice.type'],
  ])('is refused for %s, and the field is named', (_, body, param) => {
    expect(refusal(body)).toMatchObject({ status: 400, param });
  });

  it.each([
    'data:text/html,<p>',
    'data:image/png;base64,',
    'data:image/png;base64,###',
    'file:///etc/passwd',
    'https://',
    'cat.png',
    '',
    7,
    { url: png },
    undefined,
  ])('is refused for the image %j', (image_url) => {
    expect(refusal(withContent({ type: 'input_image', image_url }))).toMatchObject({
      status: 400,
      param: 'input[0].content[0].image_url',
    });
  });

  it('is refused for an image that is none in the output of a tool', () => {
    const output = [{ type: 'input_image', image_url: 'cat' }];
    const input = [{ type: 'function_call_output', call_id: 'c', output }];
    expect(refusal({ input })).toMatchObject({ param: 'input[0].output[0].image_url' });
  });

  it.each([png, 'https://images.test/cat', 'data:image/svg+xml,<svg/>'])(
    'takes %s',
    (image_url) => {
      expect(refusal(withContent({ type: 'input_image', image_url }))).toBeUndefined();
    },
  );
});
