import { expect, test } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { upstreamsFrom, upstreamsNames } from '../../../lib/compose/upstreams.ts';
import { readSettingsWithUpstreams } from '../../../lib/config/with-upstreams.ts';

const upstreamsOf = (list: readonly unknown[], environment: Record<string, string> = {}) =>
  upstreamsFrom(
    readSettingsWithUpstreams({ ...environment, UPSTREAMS: JSON.stringify(list) }, upstreamsNames),
    systemClock(),
  );

const routeOf = (upstreams: ReturnType<typeof upstreamsOf>, model: string) =>
  upstreams.route(model).map((step) => `${step.upstream.name} ${step.model}`);

const list = [
  {
    name: 'groq',
    baseUrl: 'https://groq.example/v1',
    models: ['llama-*', { pattern: 'qwen*', fallbacks: [] }],
    fallbacks: [{ upstream: 'default', model: 'gpt-5-mini' }, { model: 'llama-8b' }],
  },
  {
    name: 'own',
    baseUrl: 'http://10.0.0.7/v1',
    models: ['llama-3', 'own-*'],
    protocol: 'responses',
  },
];

test('without a list every model goes to the default upstream', () => {
  const upstreams = upstreamsOf([], { OPENAI_MODEL: 'm-1' });
  expect(upstreams.defaultModel).toBe('m-1');
  expect(routeOf(upstreams, 'anything')).toEqual(['api.openai.com anything']);
  expect(upstreams.all().map(({ name }) => name)).toEqual(['api.openai.com']);
});

test('the first upstream with a pattern for the model answers it', () => {
  const upstreams = upstreamsOf(list);
  expect(routeOf(upstreams, 'llama-3')[0]).toBe('groq llama-3');
  expect(routeOf(upstreams, 'own-1')).toEqual(['own own-1']);
  expect(routeOf(upstreams, 'gpt-5')).toEqual(['api.openai.com gpt-5']);
});

test('fallbacks follow in order, each with its own model, none of them twice', () => {
  const upstreams = upstreamsOf(list);
  expect(routeOf(upstreams, 'llama-70b')).toEqual([
    'groq llama-70b',
    'api.openai.com gpt-5-mini',
    'groq llama-8b',
  ]);
  expect(routeOf(upstreams, 'llama-8b')).toEqual(['groq llama-8b', 'api.openai.com gpt-5-mini']);
});

test("a pattern's own fallbacks replace those of its upstream", () => {
  expect(routeOf(upstreamsOf(list), 'qwen-3')).toEqual(['groq qwen-3']);
});

test('the default upstream may have patterns and fallbacks too', () => {
  const upstreams = upstreamsOf([
    {
      name: 'default',
      models: [{ pattern: 'o*', fallbacks: [{ upstream: 'groq', model: 'llama-70b' }] }],
      fallbacks: [{ model: 'gpt-5-nano' }],
    },
    ...list,
  ]);
  expect(routeOf(upstreams, 'own-1')).toEqual(['api.openai.com own-1', 'groq llama-70b']);
  expect(routeOf(upstreams, 'gpt-5')).toEqual([
    'api.openai.com gpt-5',
    'api.openai.com gpt-5-nano',
  ]);
  expect(upstreams.all().map(({ name }) => name)).toEqual(['api.openai.com', 'groq', 'own']);
});

test('an upstream is found by its name in the ledger', () => {
  const upstreams = upstreamsOf(list, { OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' });
  expect(upstreams.named('own')).toBe(upstreams.route('own-1')[0]?.upstream);
  expect(upstreams.named('127.0.0.1:9')).toBe(upstreams.route('x')[0]?.upstream);
  expect(upstreams.named('gone')).toBeUndefined();
});

test("the host says the protocol, unless it is said; only OpenAI's own speaks responses", () => {
  const protocolOf = (environment: Record<string, string>) =>
    upstreamsOf([], environment).route('x')[0]?.upstream.protocol;
  expect(protocolOf({})).toBe('responses');
  expect(protocolOf({ OPENAI_BASE_URL: 'https://eu.api.openai.com/v1' })).toBe('responses');
  expect(protocolOf({ OPENAI_BASE_URL: 'https://notopenai.com/v1' })).toBe('chat');
  expect(
    protocolOf({ OPENAI_BASE_URL: 'http://127.0.0.1:9/v1', OPENAI_PROTOCOL: 'responses' }),
  ).toBe('responses');
  expect(protocolOf({ OPENAI_PROTOCOL: 'chat' })).toBe('chat');
  expect(
    upstreamsOf(list)
      .all()
      .map(({ protocol }) => protocol),
  ).toEqual(['chat', 'responses', 'responses']);
});

test('background mode can be turned off for all, and on for one', () => {
  const adoptable = (own: Record<string, string>, environment: Record<string, string> = {}) =>
    upstreamsOf([{ name: 'own', models: ['own*'], ...own }], environment)
      .all()
      .map((upstream) => upstream.adoptable);
  expect(adoptable({})).toEqual([true, true]);
  expect(adoptable({ background: 'never' })).toEqual([false, true]);
  expect(adoptable({}, { UPSTREAM_BACKGROUND: 'never' })).toEqual([false, false]);
  expect(adoptable({ background: 'auto' }, { UPSTREAM_BACKGROUND: 'never' })).toEqual([
    true,
    false,
  ]);
});

test('two upstreams of one name are refused', () => {
  expect(() => upstreamsOf([{ name: 'api.openai.com' }])).toThrow(/api\.openai\.com/);
});
