import { expect, test } from 'vitest';
import { readStack } from '../../../../local/template/stack.ts';
import { fixtureTemplate } from '../../../fixtures/local-gateway/template.ts';

const place = {
  accountId: '000000000000',
  region: 'us-east-1',
  stackName: 'fixture',
  queueEndpoint: 'http://127.0.0.1:4566',
};

const stack = readStack(JSON.stringify(fixtureTemplate()), place);

/** The stack of the fixture with some resources replaced. */
const readWith = (resources: Record<string, unknown>) => {
  const template = fixtureTemplate();
  return readStack(
    JSON.stringify({ ...template, Resources: { ...Object(template['Resources']), ...resources } }),
    place,
  );
};

test('a function has the values of its template, all concrete', () => {
  expect(stack.functions[0]).toEqual({
    name: 'echo',
    logicalId: 'EchoLambdaFunction',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:fixture-echo',
    archive: 'echo.zip',
    handler: 'functions.echo',
    memoryMb: 256,
    timeoutMs: 20_000,
    environment: {
      TABLE_NAME: 'fixture-Table',
      QUEUE_URL: 'http://127.0.0.1:4566/000000000000/fixture-work',
      NOTE: 'from a parameter',
      LINK: 'https://us-east-1.example/fixture-Table',
      COUNT: '3',
    },
    maxConcurrency: undefined,
  });
});

test('a queue comes after the one that takes its dead letters, and none whose condition fails', () => {
  expect(stack.queues.map(({ name }) => name)).toEqual(['fixture-DeadLetters', 'fixture-work']);
  expect(stack.queues[1]?.attributes).toEqual({
    VisibilityTimeout: '120',
    RedrivePolicy: JSON.stringify({
      deadLetterTargetArn: 'arn:aws:sqs:us-east-1:000000000000:fixture-DeadLetters',
      maxReceiveCount: 3,
    }),
  });
});

test('triggers name their functions', () => {
  expect(stack.queueTriggers).toEqual([
    {
      queueArn: 'arn:aws:sqs:us-east-1:000000000000:fixture-work',
      functionName: 'echo',
      batchSize: 10,
      batchingWindowSeconds: 0,
      maximumConcurrency: 5,
      reportBatchItemFailures: true,
    },
  ]);
  expect(stack.schedules).toEqual([
    {
      ruleArn: 'arn:aws:events:us-east-1:000000000000:rule/Rule',
      functionName: 'echo',
      expression: 'rate(1 minute)',
    },
  ]);
});

test('a route has its whole path, its function, its authorizer and its limits', () => {
  expect(stack.api.stage).toBe('test');
  expect(stack.api.streamIdleMs).toBe(300_000);
  expect(stack.api.routes.find(({ path }) => path === '/files/{rest+}')).toMatchObject({
    httpMethod: 'GET',
    functionName: 'echo',
    transferMode: 'BUFFERED',
    timeoutMs: 10_000,
    authorizerId: undefined,
  });
  expect(stack.api.routes.find(({ path }) => path === '/stream')?.transferMode).toBe('STREAM');
  const keyed = stack.api.routes.find(({ path }) => path === '/keyed');
  expect(stack.api.authorizers.get(keyed?.authorizerId ?? '')).toEqual({
    functionName: 'authorize',
    header: 'authorization',
    pattern: undefined,
    ttlSeconds: 60,
  });
});

const method = (integration: object, rest: object = {}) => ({
  Type: 'AWS::ApiGateway::Method',
  Properties: {
    HttpMethod: 'GET',
    ResourceId: { 'Fn::GetAtt': ['Api', 'RootResourceId'] },
    Integration: { Type: 'AWS_PROXY', Uri: 'x', ...integration },
    ...rest,
  },
});

const uri = 'arn:aws:lambda:us-east-1:000000000000:function:fixture-echo/invocations';

test.each([
  ['a mock integration', method({ Type: 'MOCK' }), /New \(AWS::ApiGateway::Method\).*AWS_PROXY/s],
  ['a function of elsewhere', method({ Uri: 'x' }), /New .* calls no function/],
  ['an unknown authorizer', method({ Uri: uri }, { AuthorizationType: 'CUSTOM' }), /no authorizer/],
  [
    'IAM authorization',
    method({ Uri: uri }, { AuthorizationType: 'AWS_IAM' }),
    /AuthorizationType/,
  ],
  [
    'a stream by the buffered action',
    method({ Uri: uri, ResponseTransferMode: 'STREAM' }),
    /STREAM/,
  ],
  [
    'an attribute without a local value',
    { Type: 'AWS::SQS::Queue', Properties: { DelaySeconds: { 'Fn::GetAtt': ['Api', 'Arn'] } } },
    /Fn::GetAtt Api\.Arn .* not known locally/,
  ],
])('a template with %s is refused with the reason', (_what, resource, reason) => {
  expect(() => readWith({ New: resource })).toThrow(reason);
});

test('a text that is no template is refused', () => {
  expect(() => readStack('{', place)).toThrow('The packaged template is not JSON.');
  expect(() => readStack('{}', place)).toThrow(/Resources/);
  expect(() => readStack('{"Resources":{}}', place)).toThrow(/exactly one/);
});
