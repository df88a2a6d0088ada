import { expect, test } from 'vitest';
import { functionEnvironment } from '../../../local/function-environment.ts';

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

test('a function is given nothing that its template does not name', () => {
  const environment = functionEnvironment({}, stack, {
    ...local,
    host: { OPENAI_API_KEY: 'sk-1' },
  });
  expect(Object.keys(environment).filter((name) => !name.startsWith('AWS_'))).toEqual([]);
});
