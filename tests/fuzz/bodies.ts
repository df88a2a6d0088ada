import fc from 'fast-check';
import type { Body } from './case.ts';
import { oddName, oddValue, withRaw } from './odd-values.ts';

type Json = Readonly<Record<string, unknown>>;

/** Answers at once, and costs the demo model two tokens. */
const model = 'demo?tokens=2&rate=10000&first_ms=0';
const chatModel = 'demo-chat?tokens=2&rate=10000&first_ms=0';
const callback = { url: '$receiver$', events: ['response.completed'] };
const metadata = { customer: 'c-1' };

/** Requests that are in order, with about every field that we act on. */
const goodBodies: Readonly<Record<string, readonly Json[]>> = {
  '/generate': [
    { prompt: 'Say yes.' },
    { prompt: 'Say yes.', model, temperature: null, metadata: null, callback: null },
    { prompt: 'Say yes.', model, max_output_tokens: 5, temperature: 1, metadata, callback },
    {
      messages: [
        { role: 'system', content: 'Be short.' },
        { role: 'user', content: 'Hi' },
      ],
      model,
    },
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }], model: chatModel },
  ],
  '/v1/responses': [
    { input: 'Say yes.' },
    { input: 'Say yes.', model, tools: null, text: null, reasoning: null, metadata: null },
    { input: 'Say yes.', model, stream: true, stream_options: { include_obfuscation: false } },
    { input: 'Say yes.', model, background: true, metadata, callback },
    {
      input: 'Say yes.',
      model: chatModel,
      instructions: 'Be short.',
      previous_response_id: '$resp$',
    },
    {
      input: [
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { type: 'function_call', call_id: 'c1', name: 'f', arguments: '{"a":1}' },
        { type: 'function_call_output', call_id: 'c1', output: 'done' },
      ],
      model: chatModel,
      tools: [{ type: 'function', name: 'f', parameters: { type: 'object', properties: {} } }],
      tool_choice: 'auto',
      text: { format: { type: 'text' } },
      reasoning: { effort: 'low' },
      include: ['reasoning.encrypted_content'],
      store: false,
      top_logprobs: 0,
    },
  ],
  '/v1/chat/completions': [
    { messages: [{ role: 'user', content: 'Hi' }] },
    { messages: [{ role: 'user', content: 'Hi' }], model: chatModel, stream: true, n: 1 },
    {
      messages: [
        { role: 'developer', content: 'Be short.' },
        { role: 'user', content: [{ type: 'text', text: 'Hi' }] },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 't1', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 't1', content: 'done' },
      ],
      model,
      tools: [{ type: 'function', function: { name: 'f', parameters: { type: 'object' } } }],
      tool_choice: { type: 'function', function: { name: 'f' } },
      response_format: { type: 'text' },
      stop: ['x'],
      logit_bias: { 1: 0 },
      max_completion_tokens: 5,
      callback,
    },
  ],
  '/callback_endpoints': [{ url: '$receiver$' }, callback],
};

type Path = readonly (string | number)[];

const placesIn = (value: unknown, path: Path = []): Path[] => {
  if (typeof value !== 'object' || value === null) return [path];
  const inside = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [path, ...inside.flatMap(([key, member]) => placesIn(member, [...path, key]))];
};

/** The value with what is at that place changed; undefined takes it away. */
const changedAt = (value: unknown, path: Path, change: (old: unknown) => unknown): unknown => {
  const [key, ...rest] = path;
  if (key === undefined) return change(value);
  if (Array.isArray(value)) {
    return value.flatMap((member, index) => {
      const now = index === key ? changedAt(member, rest, change) : member;
      return now === undefined ? [] : [now];
    });
  }
  return Object.fromEntries(
    Object.entries(value ?? {}).map(([name, member]) => [
      name,
      name === key ? changedAt(member, rest, change) : member,
    ]),
  );
};

const withMember = (value: unknown, name: string, member: unknown): unknown => {
  if (Array.isArray(value)) return [...value, member];
  if (typeof value !== 'object' || value === null) return member;
  // As JSON.parse does it: a member of that name, not another prototype.
  return Object.fromEntries([...Object.entries(value), [name, member]]);
};

/** A good body with one place of it spoilt. */
const spoilt = (good: Json): fc.Arbitrary<string> => {
  const change = fc.oneof(
    { weight: 4, arbitrary: oddValue.map((odd) => () => odd) },
    {
      weight: 2,
      arbitrary: fc.constantFrom(
        () => undefined,
        () => null,
      ),
    },
    { weight: 1, arbitrary: fc.constant((old: unknown) => [old, old]) },
    { weight: 1, arbitrary: fc.constant((old: unknown) => ({ value: old })) },
    {
      weight: 2,
      arbitrary: fc.tuple(oddName, oddValue).map(
        ([name, odd]) =>
          (old: unknown) =>
            withMember(old, name, odd),
      ),
    },
  );
  return fc
    .tuple(fc.constantFrom(...placesIn(good)), change)
    .map(([path, how]) => withRaw(JSON.stringify(changedAt(good, path, how)) ?? ''));
};

const text = (value: string): Body['content'] => ({ kind: 'text', text: value });

const notEvenClose: fc.Arbitrary<Body['content']> = fc.oneof(
  oddValue.map((odd) => text(withRaw(JSON.stringify(odd) ?? ''))),
  fc.string({ unit: 'binary', maxLength: 60 }).map(text),
  fc
    .uint8Array({ maxLength: 60 })
    .map((bytes): Body['content'] => ({ kind: 'bytes', hex: Buffer.from(bytes).toString('hex') })),
  fc.constantFrom<Body['content']>(
    text('prompt=Hi&model=demo'),
    text('--x\r\ncontent-disposition: form-data; name="prompt"\r\n\r\nHi\r\n--x--'),
    text('<prompt>Hi</prompt>'),
    text('{"prompt":"Hi"}{"prompt":"Hi"}'),
    { kind: 'nested', open: '[', close: ']', levels: 100_000 },
    { kind: 'nested', open: '{"messages":[', close: ']}', levels: 20_000 },
    { kind: 'nested', open: '{"a":', close: '}', levels: 101 },
    { kind: 'repeated', unit: '{"a":', times: 50_000 },
    { kind: 'repeated', unit: '"', times: 10_001 },
    { kind: 'repeated', unit: ' ', times: 1_000_000 },
  ),
  // Once in a while: it is the time that they take.
  fc.constantFrom<Body['content']>(
    { kind: 'repeated', unit: ' ', times: 4 * 1024 * 1024 + 1 },
    { kind: 'repeated', unit: '\\', times: 11 * 1024 * 1024 },
  ),
);

const sound = { encoding: 'utf8', share: 1 } as const;
const odd = fc.record({
  encoding: fc.constantFrom('utf8-bom', 'utf16', 'latin1', 'gzip', 'base64', 'utf8'),
  share: fc.oneof(fc.constant(1), fc.double({ min: 0, max: 1, noNaN: true })),
});

/** A request of the route that is in order. */
export const goodBody = (route: string): fc.Arbitrary<Body> =>
  fc
    .constantFrom(...(goodBodies[route] ?? [{}]))
    .map((body) => ({ content: text(JSON.stringify(body)), ...sound }));

/** Mostly a good request with one fault, else one that was carried badly, or is none at all. */
export const oddBody = (route: string): fc.Arbitrary<Body> => {
  const good = goodBodies[route] ?? [{}];
  const content = fc
    .constantFrom(...good)
    .chain(spoilt)
    .map(text);
  return fc.oneof(
    { weight: 6, arbitrary: content.map((made) => ({ content: made, ...sound })) },
    { weight: 3, arbitrary: notEvenClose.map((made) => ({ content: made, ...sound })) },
    {
      weight: 1,
      arbitrary: fc.tuple(goodBody(route), odd).map(([body, how]) => ({ ...body, ...how })),
    },
  );
};

/** A route that makes something is given bodies that it would accept. */
export const hasGoodBody = (route: string): boolean => Object.hasOwn(goodBodies, route);
