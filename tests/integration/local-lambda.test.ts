import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type FunctionSpec, type LambdaOptions, startLambda } from '../../local/lambda/lambda.ts';
import { fixtureSpec } from '../fixtures/lambda/fixture-spec.ts';

let folder: string;
const closing: (() => Promise<void>)[] = [];

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'outlast-lambda-'));
});
afterEach(async () => {
  await Promise.all(closing.splice(0).map((close) => close()));
});
afterAll(async () => {
  await rm(folder, { recursive: true });
});

async function lambda(specs: FunctionSpec[], options: LambdaOptions = {}) {
  const started = await startLambda(specs, options);
  closing.push(started.close);
  return started;
}

test('a handler gets its event and its context, and its answer comes back', async () => {
  const { invoke } = await lambda([fixtureSpec('functions.echo', { timeoutMs: 5_000 })]);
  const invocation = await invoke('echo', { greeting: 'grüß dich' });
  expect(invocation).toMatchObject({
    kind: 'buffered',
    payload: {
      event: { greeting: 'grüß dich' },
      timeZone: 0,
      context: {
        functionName: 'echo',
        functionVersion: '$LATEST',
        memoryLimitInMB: '256',
        invokedFunctionArn: 'arn:aws:lambda:us-east-1:000000000000:function:echo',
        logGroupName: '/aws/lambda/echo',
      },
    },
  });
  const requestId = invocation.kind === 'buffered' ? invocation.requestId : '';
  expect(invocation).toHaveProperty('payload.context.awsRequestId', requestId);
  expect(invocation).toHaveProperty(
    'payload.context.remainingMs',
    expect.toSatisfy((remainingMs: number) => remainingMs > 3_000 && remainingMs <= 5_000),
  );
});

test('a sandbox sees its own variables and the reserved ones, and none of the host', async () => {
  process.env['OUTLAST_TEST_LEAK'] = 'leaked';
  const environment = { TABLE_NAME: 'jobs', AWS_REGION: 'eu-central-1', AWS_ACCESS_KEY_ID: 'key' };
  const { invoke } = await lambda([fixtureSpec('functions.echo', { environment })]);
  const invocation = await invoke('echo', null);
  delete process.env['OUTLAST_TEST_LEAK'];

  expect(invocation).toMatchObject({
    payload: {
      cwd: path.resolve('tests/fixtures/lambda'),
      env: {
        TABLE_NAME: 'jobs',
        AWS_REGION: 'eu-central-1',
        AWS_DEFAULT_REGION: 'eu-central-1',
        AWS_LAMBDA_FUNCTION_NAME: 'echo',
        _HANDLER: 'functions.echo',
      },
    },
  });
  expect(invocation).not.toHaveProperty('payload.env.OUTLAST_TEST_LEAK');
  expect(invocation).not.toHaveProperty('payload.env.USER');
  const names = Object.keys(
    invocation.kind === 'buffered' && typeof invocation.payload === 'object'
      ? Reflect.get(invocation.payload ?? {}, 'env')
      : {},
  );
  expect(names.filter((name) => !/^(AWS_|LAMBDA_)/.test(name)).sort()).toEqual([
    'HOME',
    'LANG',
    'PATH',
    'TABLE_NAME',
    'TZ',
    '_HANDLER',
    '_X_AMZN_TRACE_ID',
  ]);
});

test.each([
  ['functions.fail', 'handled', 'TypeError', 'the handler threw'],
  ['functions.circular', 'handled', 'TypeError', 'circular structure'],
  ['functions.crash', 'handled', 'RangeError', 'nobody caught this'],
  ['functions.reject', 'handled', 'Runtime.UnhandledPromiseRejection', 'nobody awaited this'],
  ['functions.forget', 'exit', 'Runtime.ExitError', 'Runtime exited without providing a reason'],
  ['functions.callback', 'init', 'Runtime.CallbackHandlerDeprecated', 'takes a callback'],
  ['functions.absent', 'init', 'Runtime.HandlerNotFound', 'functions.absent is undefined'],
  ['nowhere/index.handler', 'init', 'Runtime.ImportModuleError', "Cannot find module 'index'"],
  ['init-throws.handler', 'init', 'Error', 'OUTLAST_TABLE is not set'],
  ['init-exits.handler', 'init', 'Runtime.ExitError', 'exit status 4'],
])('%s fails as %s, and says why', async (handler, reason, errorType, message) => {
  const { invoke } = await lambda([fixtureSpec(handler, { name: 'broken' })]);
  const invocation = await invoke('broken', {});
  expect(invocation).toMatchObject({ kind: 'error', reason, errorType });
  expect(invocation).toHaveProperty('errorMessage', expect.stringContaining(message));
});

test('code that cannot be parsed is an init error', async () => {
  await writeFile(path.join(folder, 'index.mjs'), 'export const handler = async ( => {};');
  const { warm } = await lambda([
    fixtureSpec('index.handler', { name: 'broken', bundleDir: folder }),
  ]);
  await expect(warm('broken')).rejects.toThrow('SyntaxError');
});

test('a code root that is not there fails, and leaves no process', async () => {
  const bundleDir = path.join(folder, 'absent');
  const { invoke, status } = await lambda([
    fixtureSpec('index.handler', { name: 'lost', bundleDir }),
  ]);
  await expect(invoke('lost', {})).rejects.toThrow(bundleDir);
  expect(status()).toMatchObject([{ sandboxes: [] }]);
});

test('an unknown function is refused by name', async () => {
  const { invoke, warm } = await lambda([]);
  await expect(invoke('nobody', {})).rejects.toThrow('nobody');
  await expect(warm('nobody')).rejects.toThrow('nobody');
});

test('an event over 6 MB never reaches a sandbox', async () => {
  const { invoke, status } = await lambda([fixtureSpec('functions.echo')]);
  expect(await invoke('echo', 'x'.repeat(6_291_455))).toMatchObject({
    kind: 'error',
    reason: 'request-too-large',
    errorType: 'RequestTooLargeException',
  });
  expect(status()).toMatchObject([{ invocations: 0, sandboxes: [] }]);
});

test('an answer over 6 MB is refused, and the sandbox goes on', async () => {
  const { invoke } = await lambda([fixtureSpec('functions.big')]);
  expect(await invoke('big', { bytes: 6_291_555 })).toMatchObject({
    kind: 'error',
    reason: 'invalid-response',
    errorType: 'Function.ResponseSizeTooLarge',
  });
  const whole = await invoke('big', { bytes: 6_000_000 });
  expect(whole).toHaveProperty('payload.length', 6_000_000);
});

test('the log of a function holds START, its own lines, END and REPORT, in that order', async () => {
  const seen: string[] = [];
  const { invoke, close } = await lambda([fixtureSpec('functions.echo')], {
    logDir: folder,
    onLog: (line, functionName) => seen.push(`${functionName}: ${line}`),
  });
  const invocation = await invoke('echo', {});
  const requestId = invocation.kind === 'buffered' ? invocation.requestId : '';
  await expect.poll(() => seen.length).toBe(4);
  await close();

  const lines = (await readFile(path.join(folder, 'echo.log'), 'utf8')).trimEnd().split('\n');
  expect(lines).toHaveLength(4);
  expect(lines[0]).toBe(`START RequestId: ${requestId} Version: $LATEST`);
  expect(lines[1]).toMatch(new RegExp(`Z\t${requestId}\tINFO\techo is running$`));
  expect(lines[2]).toBe(`END RequestId: ${requestId}`);
  expect(lines[3]).toMatch(
    /^REPORT RequestId: \S+\tDuration: [\d.]+ ms\tBilled Duration: \d+ ms\tMemory Size: 256 MB\tMax Memory Used: \d+ MB\tInit Duration: [\d.]+ ms$/,
  );
  expect(seen).toEqual(lines.map((line) => `echo: ${line}`));
});
