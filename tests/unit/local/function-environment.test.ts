import { describe, expect, test } from 'vitest';
import { functionEnvironment } from '../../../local/function-environment.ts';
import { StartFault } from '../../../local/start-fault.ts';

const stack = {
  tables: [
    { name: 'table-1', AttributeDefinitions: [], KeySchema: [], GlobalSecondaryIndexes: undefined },
  ],
  queues: [],
};

const local = {
  region: 'us-east-1',
  tableEndpoint: 'http://127.0.0.1:1',
  queueEndpoint: 'http://127.0.0.1:2',
  defaults: { OPENAI_MODEL: 'demo', LOCAL_API_KEY: 'sk-local' },
  host: {},
};

test('the host overrides the template, and the local defaults stand where the host says nothing', () => {
  const template = { LOG_LEVEL: 'INFO', OPENAI_MODEL: 'gpt-5-mini', WAIT: '25' };
  const host = { LOG_LEVEL: 'DEBUG', WAIT: '', UNRELATED: 'x' };
  expect(functionEnvironment(template, stack, { ...local, host })).toEqual({
    LOG_LEVEL: 'DEBUG',
    OPENAI_MODEL: 'demo',
    WAIT: '25',
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_ENDPOINT_URL_SQS: 'http://127.0.0.1:2',
    AWS_ENDPOINT_URL_DYNAMODB: 'http://127.0.0.1:1',
  });
});

test('a variable that names a resource of the stack cannot be overridden', () => {
  const host = { TABLE_NAME: 'production' };
  const environment = functionEnvironment({ TABLE_NAME: 'table-1' }, stack, { ...local, host });
  expect(environment['TABLE_NAME']).toBe('table-1');
});

test('a secret is the host’s own, and never one of a parameter store', () => {
  const template = { OPENAI_API_KEY: '', OPENAI_API_KEY_PARAMETER: '/outlast/dev/key' };
  const host = { OPENAI_API_KEY: 'sk-1', OPENAI_API_KEY_PARAMETER: '/other' };
  expect(functionEnvironment(template, stack, { ...local, host })).toMatchObject({
    OPENAI_API_KEY: 'sk-1',
    OPENAI_API_KEY_PARAMETER: '',
  });
});

describe('upstreams whose key is in a parameter store', () => {
  const keyed = JSON.stringify([
    { name: 'own', apiKey: 'sk-1' },
    { name: 'groq', apiKeyParameter: '/outlast/dev/upstreams/groq' },
  ]);
  const given = (template: Record<string, string>, host: Record<string, string>) =>
    functionEnvironment(template, stack, { ...local, host })['UPSTREAMS'];

  test('are refused by name, whoever lists them', () => {
    const said = /^UPSTREAMS has apiKeyParameter \(groq\)[^\n]*no parameter store/;
    expect(() => given({ UPSTREAMS: '' }, { UPSTREAMS: keyed })).toThrow(StartFault);
    expect(() => given({ UPSTREAMS: '' }, { UPSTREAMS: keyed })).toThrow(said);
    expect(() => given({ UPSTREAMS: keyed }, {})).toThrow(said);
  });

  test('are no fault when the host has others, or the function none', () => {
    expect(given({ UPSTREAMS: keyed }, { UPSTREAMS: '[]' })).toBe('[]');
    expect(given({}, { UPSTREAMS: keyed })).toBeUndefined();
  });

  test.each(['', '[', '{}', '[7]', '[{"name":"a","apiKey":"sk-1"}]'])(
    'are not found in %j: what else is wrong the function says',
    (upstreams) => {
      expect(given({ UPSTREAMS: '' }, { UPSTREAMS: upstreams })).toBe(upstreams);
    },
  );
});

test('a function is given nothing that its template does not name', () => {
  const environment = functionEnvironment({}, stack, {
    ...local,
    host: { OPENAI_API_KEY: 'sk-1' },
  });
  expect(Object.keys(environment).filter((name) => !name.startsWith('AWS_'))).toEqual([]);
});
