import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { parseGenerateRequest, storedGenerateRequest } from '../../../lib/wire/generate-request.ts';

const refusal = (body: unknown): Fault => {
  try {
    parseGenerateRequest(body);
  } catch (thrown) {
    if (thrown instanceof Fault) return thrown;
    throw thrown;
  }
  throw new Error('The body was accepted.');
};

const message = (fields: Record<string, unknown>) => ({ messages: [fields] });
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

describe('what is accepted', () => {
  it('a prompt becomes one message of the user', () => {
    expect(parseGenerateRequest({ prompt: ' hi ' })).toEqual({
      messages: [{ role: 'user', content: ' hi ' }],
    });
  });

  it('messages pass with the fields we do not know', () => {
    const messages = [
      { role: 'developer', content: 'Be brief.', name: 'ops' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'image_url', image_url: {} },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [{ id: 'call_1' }] },
      { role: 'tool', content: '42', tool_call_id: 'call_1' },
    ];
    expect(parseGenerateRequest({ messages }).messages).toEqual(messages);
  });

  it('all settings arrive under their own names', () => {
    const settings = { model: 'gpt-5', max_output_tokens: 9, temperature: 0, metadata: { a: 'b' } };
    expect(parseGenerateRequest({ prompt: 'hi', ...settings })).toMatchObject({
      model: 'gpt-5',
      maxOutputTokens: 9,
      temperature: 0,
      metadata: { a: 'b' },
    });
  });

  it('a setting that is null counts as not given', () => {
    const settings = { model: null, max_output_tokens: null, temperature: null, metadata: null };
    expect(Object.keys(parseGenerateRequest({ prompt: 'hi', ...settings }))).toEqual(['messages']);
  });

  it.each([
    ['max_output_tokens', 1],
    ['max_output_tokens', 1_000_000],
    ['temperature', 2],
    ['model', 'a'.repeat(256)],
    ['metadata', Object.fromEntries(Array.from({ length: 16 }, (_, n) => [`k${n}`, '']))],
    ['metadata', { ['k'.repeat(64)]: 'v'.repeat(512) }],
  ])('%s may go up to its limit', (name, value) => {
    expect(() => parseGenerateRequest({ prompt: 'hi', [name]: value })).not.toThrow();
  });
});

describe('what is refused', () => {
  it.each<[string, unknown, string, string | null]>([
    ['a body that is not an object', [], 'invalid_value', null],
    ['null', null, 'invalid_value', null],
    ['neither prompt nor messages', {}, 'missing_required_parameter', 'prompt'],
    [
      'both',
      { prompt: 'a', ...message({ role: 'user', content: 'a' }) },
      'invalid_value',
      'messages',
    ],
    ['a blank prompt', { prompt: ' \n\t' }, 'invalid_value', 'prompt'],
    ['a prompt that is not a string', { prompt: ['a'] }, 'invalid_value', 'prompt'],
    ['no message at all', { messages: [] }, 'invalid_value', 'messages'],
    ['messages that are no array', { messages: 'hi' }, 'invalid_value', 'messages'],
    ['a message that is no object', { messages: ['hi'] }, 'invalid_value', 'messages[0]'],
    [
      'a message without role',
      message({ content: 'a' }),
      'missing_required_parameter',
      'messages[0].role',
    ],
    [
      'an unknown role',
      message({ role: 'wizard', content: 'a' }),
      'invalid_value',
      'messages[0].role',
    ],
    [
      'a user who says null',
      message({ role: 'user', content: null }),
      'invalid_value',
      'messages[0].content',
    ],
    [
      'a user who says nothing',
      message({ role: 'user' }),
      'missing_required_parameter',
      'messages[0].content',
    ],
    [
      'an assistant who neither says nor calls',
      message({ role: 'assistant', content: null, tool_calls: [] }),
      'invalid_value',
      'messages[0].content',
    ],
    [
      'content of another kind',
      message({ role: 'user', content: 3 }),
      'invalid_value',
      'messages[0].content',
    ],
    [
      'no content part',
      message({ role: 'user', content: [] }),
      'invalid_value',
      'messages[0].content',
    ],
    [
      'a part without type',
      message({ role: 'user', content: [{ type: 'text' }, {}] }),
      'missing_required_parameter',
      'messages[0].content[1].type',
    ],
    ['an empty model', { prompt: 'a', model: '' }, 'invalid_value', 'model'],
    ['a long model', { prompt: 'a', model: 'a'.repeat(257) }, 'invalid_value', 'model'],
    ['control characters in model', { prompt: 'a', model: 'a\nb' }, 'invalid_value', 'model'],
    [
      'a fraction of a token',
      { prompt: 'a', max_output_tokens: 1.5 },
      'invalid_value',
      'max_output_tokens',
    ],
    [
      'tokens as text',
      { prompt: 'a', max_output_tokens: '9' },
      'invalid_value',
      'max_output_tokens',
    ],
    ['no token', { prompt: 'a', max_output_tokens: 0 }, 'invalid_value', 'max_output_tokens'],
    [
      'tokens below zero',
      { prompt: 'a', max_output_tokens: -1 },
      'invalid_value',
      'max_output_tokens',
    ],
    [
      'too many tokens',
      { prompt: 'a', max_output_tokens: 1e300 },
      'invalid_value',
      'max_output_tokens',
    ],
    [
      'a temperature below zero',
      { prompt: 'a', temperature: -0.1 },
      'invalid_value',
      'temperature',
    ],
    ['a temperature above two', { prompt: 'a', temperature: 2.1 }, 'invalid_value', 'temperature'],
    ['metadata that is a list', { prompt: 'a', metadata: [] }, 'invalid_value', 'metadata'],
    ['metadata of numbers', { prompt: 'a', metadata: { a: 1 } }, 'invalid_value', 'metadata.a'],
    [
      'a long metadata key',
      { prompt: 'a', metadata: { ['k'.repeat(65)]: '' } },
      'invalid_value',
      `metadata.${'k'.repeat(64)}…`,
    ],
    [
      'a long metadata value',
      { prompt: 'a', metadata: { a: 'v'.repeat(513) } },
      'invalid_value',
      'metadata.a',
    ],
    [
      '17 metadata pairs',
      { prompt: 'a', metadata: Object.fromEntries(Array.from({ length: 17 }, (_, n) => [n, ''])) },
      'invalid_value',
      'metadata',
    ],
    ['half a surrogate pair', { prompt: '\ud800' }, 'invalid_value', 'prompt'],
    [
      '__proto__ as a field',
      JSON.parse('{"messages":[{"__proto__":{}}]}'),
      'invalid_value',
      'messages[0].__proto__',
    ],
    [
      'a callback without a URL',
      { prompt: 'a', callback: {} },
      'missing_required_parameter',
      'callback.url',
    ],
    [
      'a callback for an event that there is not',
      { prompt: 'a', callback: { url: 'https://a.example.com', events: ['response.begun'] } },
      'invalid_value',
      'callback.events[0]',
    ],
    [
      'a callback with a field that it has not',
      { prompt: 'a', callback: { url: 'https://a.example.com', secret: 'x' } },
      'unknown_parameter',
      'callback.secret',
    ],
  ])('%s', (_, body, code, param) => {
    expect(refusal(body).reported).toMatchObject({ status: 400, code, param });
  });

  it('the message says what was expected and what was found', () => {
    expect(refusal({ prompt: 'a', temperature: 'hot' }).message).toBe(
      `Invalid 'temperature': expected a number from 0 to 2, got "hot".`,
    );
    expect(refusal(message({ role: 'wizard', content: 'a' })).message).toMatch(
      /'developer', 'system', 'user', 'assistant', 'tool', got "wizard"/,
    );
  });

  it('a long text is not repeated in the message', () => {
    expect(refusal({ prompt: 'a', model: 'secret'.repeat(100) }).message).not.toContain('secret');
  });

  it('every unknown field is named', () => {
    const { message } = refusal({ prompt: 'a', foo: 1, bar: 2, 'b a z': 3 });
    expect(message).toContain("'foo'");
    expect(message).toContain("'bar'");
    expect(message).toContain('b a z');
  });

  it('nesting is refused beyond a hundred levels, and does not end the stack', () => {
    const part = (levels: number) =>
      message({ role: 'user', content: [{ type: 'text', extra: nested(levels) }] });
    expect(() => parseGenerateRequest(part(90))).not.toThrow();
    expect(refusal(part(101)).code).toBe('invalid_value');
    expect(refusal({ prompt: nested(1_000_000) }).code).toBe('invalid_value');
  });

  it('a million tiny values are refused in the time of one', () => {
    const many = Array.from({ length: 1_000_000 }, () => 1);
    expect(refusal({ messages: many }).code).toBe('invalid_value');
    expect(refusal({ prompt: 'a', metadata: many.slice(0, 90_000) }).code).toBe('invalid_value');
    expect(refusal(message({ role: 'user', content: many.slice(0, 90_000) })).code).toBe(
      'invalid_value',
    );
  });
});

describe('laws', () => {
  const role = fc.constantFrom('developer', 'system', 'user', 'assistant', 'tool');
  const text = fc.string({ unit: 'grapheme' });
  // A name that is refused wherever it stands.
  const extra = fc.jsonValue().filter((value) => !JSON.stringify(value).includes('__proto__'));
  const part = fc.record({ type: fc.constant('text'), text, extra });
  const chatMessage = fc.record(
    { role, content: fc.oneof(text, fc.array(part, { minLength: 1 })), name: text },
    { requiredKeys: ['role', 'content'] },
  );
  const request = fc.record(
    {
      messages: fc.array(chatMessage, { minLength: 1, maxLength: 5 }),
      model: fc.stringMatching(/^[a-z][\w./:-]{0,40}$/),
      max_output_tokens: fc.integer({ min: 1, max: 1_000_000 }),
      temperature: fc.double({ min: 0, max: 2, noNaN: true }),
      metadata: fc.dictionary(fc.stringMatching(/^[a-z]{1,9}$/), text, { maxKeys: 16 }),
    },
    { requiredKeys: ['messages'] },
  );

  it('what was parsed, stored as JSON and parsed again is the same', () => {
    fc.assert(
      fc.property(request, (body) => {
        const first: unknown = JSON.parse(JSON.stringify(parseGenerateRequest(body)));
        const stored = JSON.stringify(storedGenerateRequest(parseGenerateRequest(body)));
        expect(parseGenerateRequest(JSON.parse(stored))).toEqual(first);
      }),
    );
  });

  it('nothing but a Fault of status 400 is ever thrown', () => {
    const spoilt = fc.oneof(
      fc.anything({ withBigInt: true, withDate: true, withMap: true, withNullPrototype: true }),
      fc.jsonValue(),
      fc
        .tuple(
          request,
          fc.dictionary(
            fc.constantFrom(
              'prompt',
              'messages',
              'model',
              'temperature',
              'metadata',
              'max_output_tokens',
              '__proto__',
              'x',
            ),
            fc.jsonValue(),
          ),
        )
        .map(([body, more]) => ({ ...body, ...more })),
    );
    fc.assert(
      fc.property(spoilt, (body) => {
        try {
          parseGenerateRequest(body);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Fault);
          expect(thrown).toMatchObject({ reported: { status: 400 } });
        }
      }),
    );
  });
});
