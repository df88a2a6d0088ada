import { expect, test } from 'vitest';
import { readUpstreamList } from '../../../lib/config/upstream-list.ts';
import { readSettingsWithUpstreams } from '../../../lib/config/with-upstreams.ts';

const faultOf = (list: unknown): string => {
  const read = readUpstreamList(JSON.stringify(list));
  return 'fault' in read ? read.fault : 'no fault';
};

test('an upstream needs a name, and the rest has defaults', () => {
  expect(readUpstreamList('[{"name": "groq"}]')).toEqual({
    value: [{ name: 'groq', fallbacks: [], rules: [] }],
  });
});

test('everything that can be said is read', () => {
  const fallbacks = [{ upstream: 'default', model: 'gpt-5-mini' }];
  const own = [{ model: 'llama-8b' }];
  const entry = {
    name: 'vllm.lan',
    baseUrl: 'http://10.0.0.7:8000/v1//',
    apiKeyParameter: '/outlast/prod/vllm-key',
    protocol: 'chat',
    background: 'never',
  };
  const models = ['llama-*', { pattern: 'qwen*', fallbacks: own }];
  expect(readUpstreamList(JSON.stringify([{ ...entry, models, fallbacks }]))).toEqual({
    value: [
      {
        ...entry,
        baseUrl: 'http://10.0.0.7:8000/v1',
        fallbacks,
        rules: [
          { pattern: 'llama-*', fallbacks },
          { pattern: 'qwen*', fallbacks: own },
        ],
      },
    ],
  });
});

for (const [what, list, fault] of [
  ['an object', {}, 'is not a list'],
  ['a text', ['x'], '[0] is not an object'],
  ['no name', [{}], '[0].name is missing'],
  ['a long name', [{ name: 'x'.repeat(65) }], '[0].name is not a name of at most 64'],
  ['another scheme', [{ name: 'a', baseUrl: 'file:///x' }], '[0].baseUrl is not an http'],
  ['no pattern', [{ name: 'a', models: [''] }], '[0].models[0] is not a text of 1 to 256'],
  ['a number', [{ name: 'a', models: [7] }], '[0].models[0] is not a pattern'],
  [
    'a fallback without model',
    [{ name: 'a', fallbacks: [{}] }],
    '[0].fallbacks[0].model is missing',
  ],
  ['another protocol', [{ name: 'a', protocol: 'grpc' }], '[0].protocol is not chat or responses'],
  ['another mode', [{ name: 'a', background: true }], '[0].background is not auto or never'],
  ['a misspelt field', [{ name: 'a', baseURL: 'x' }], '[0] has unknown fields: baseURL'],
  ['one name twice', [{ name: 'a' }, { name: 'a' }], '[1].name is taken already'],
  [
    'two keys',
    [{ name: 'a', apiKey: 'k', apiKeyParameter: '/k' }],
    '[0] has both apiKey and apiKeyParameter',
  ],
  [
    'a fallback to nowhere',
    [{ name: 'a', models: [{ pattern: 'x', fallbacks: [{ upstream: 'b', model: 'm' }] }] }],
    '[0] falls back to b, which is not in the list',
  ],
  [
    'an address of the default',
    [{ name: 'default', baseUrl: 'http://x' }],
    '[0].baseUrl is for the OPENAI_* variables to say',
  ],
] as const) {
  test(`${what} is refused and named`, () => {
    expect(faultOf(list)).toContain(fault);
  });
}

test('every fault is listed at once', () => {
  expect(faultOf([{ name: '' }, { name: 'b', protocol: 'x', models: 'y' }]).split(', ')).toEqual([
    expect.stringContaining('[0].name'),
    expect.stringContaining('[1].protocol'),
    expect.stringContaining('[1].models'),
  ]);
});

test('a key is never repeated, wherever it was put', () => {
  const key = 'sk-proj-Secret0123456789';
  const misplaced: readonly unknown[] = [
    [{ name: `${key} ${key}`, apiKey: key }],
    [{ name: 'a', baseUrl: `https://${key}@host/v1` }],
    [{ name: 'a', baseUrl: `https://host/v1?key=${key}` }],
    [{ name: 'a', apiKey: `${key} ` }],
    [{ name: 'a', [key]: true }],
    [{ name: 'a', apiKeyParameter: `${key}:` }],
    [{ name: 'a', protocol: key, background: key, models: [{ [key]: key }] }],
    [key],
    { [key]: key },
  ];
  for (const list of misplaced) {
    const fault = faultOf(list);
    expect(fault).not.toBe('no fault');
    expect(fault).not.toContain('Secret');
  }
  const cut = readUpstreamList(`[{"name": "a", "apiKey": "${key}"`);
  expect(cut).toEqual({ fault: 'is not JSON' });
});

test('the faults of all variables are listed together', () => {
  const environment = {
    UPSTREAMS: '[{}]',
    OPENAI_PROTOCOL: 'sk-oops',
    UPSTREAM_BACKGROUND: 'sometimes',
  };
  const read = () =>
    readSettingsWithUpstreams(environment, ['UPSTREAMS', 'OPENAI_PROTOCOL', 'UPSTREAM_BACKGROUND']);
  expect(read).toThrow(
    'The configuration is wrong: UPSTREAMS [0].name is missing; OPENAI_PROTOCOL is none of chat, responses; UPSTREAM_BACKGROUND is none of auto, never.',
  );
});
