import { describe, expect, onTestFinished, test } from 'vitest';
import { type Account, startAccount } from '../fixtures/aws-account.ts';
import { runScript } from '../fixtures/command.ts';
import { startSilentServer } from '../fixtures/faulty-server.ts';

const script = 'scripts/preflight.ts';
const keyParameter = '/outlast/prod/openai-api-key';
const ready: Account = {
  parameters: [{ Name: keyParameter, Type: 'SecureString', KeyId: 'alias/aws/ssm' }],
  concurrentExecutions: 1000,
  throttleRate: 10_000,
  denied: [],
};

const preflight = async (account: Account, args: readonly string[] = []) => {
  const server = await startAccount(account);
  onTestFinished(() => server.close());
  const end = await runScript(script, ['--stage', 'prod', ...args], server.environment);
  const line = (check: string) =>
    end.stdout.split('\n').find((found) => found.startsWith(check)) ?? '';
  return { ...end, line, calls: server.calls };
};

test('an account that is ready passes, and is asked for no secret', async () => {
  const { code, stdout, stderr, line, calls } = await preflight(ready);
  expect(stderr).toBe('');
  expect(code).toBe(0);
  expect(stdout).toContain('Stage prod in us-east-1');
  expect(line('Credentials')).toContain('arn:aws:iam::123456789012:user/me');
  expect(line('Streaming')).toMatch(/unknown/);
  for (const check of ['Lambda concurrency', 'Key parameter', 'Stack', 'API Gateway']) {
    expect(line(check)).toMatch(/ ok /);
  }
  expect(calls).not.toContain('GetParameter');
});

test('a new account of ten executions is too small for the workers of prod', async () => {
  const account = { ...ready, concurrentExecutions: 10 };
  const { code, line } = await preflight(account);
  expect(code).toBe(1);
  expect(line('Lambda concurrency')).toMatch(
    / fail .*workerConcurrency=5" --param="deliveryConcurrency=3/,
  );
  const params = ['--param', 'workerConcurrency=5', '--param', 'deliveryConcurrency=3'];
  expect((await preflight(account, params)).code).toBe(0);
});

test('the functions that call back count as the workers do', async () => {
  const account = { ...ready, concurrentExecutions: 60 };
  const { code, line } = await preflight(account, ['--param', 'deliveryConcurrency=10']);
  expect(code).toBe(1);
  expect(line('Lambda concurrency')).toMatch(/ fail .*50 of them for workers and 10 for callbacks/);
  const fewer = await preflight(account, ['--param', 'deliveryConcurrency=9']);
  expect(fewer.line('Lambda concurrency')).toMatch(/ ok .*, 1 for requests/);
});

test('a missing key parameter is told with the command that makes it', async () => {
  const { code, line } = await preflight({ ...ready, parameters: [] }, ['--region', 'eu-west-1']);
  expect(code).toBe(1);
  expect(line('Key parameter')).toContain(
    `aws ssm put-parameter --region eu-west-1 --type SecureString --name ${keyParameter}`,
  );
});

test.each([
  [{ Name: keyParameter, Type: 'String' }, 'not a SecureString'],
  [{ Name: keyParameter, Type: 'SecureString', KeyId: 'alias/own' }, 'encrypted with alias/own'],
])('a key parameter that may not do is a warning: %j', async (parameter, text) => {
  const { code, line } = await preflight({ ...ready, parameters: [parameter] });
  expect(code).toBe(0);
  expect(line('Key parameter')).toMatch(new RegExp(` warn .*${text}`));
});

describe('the keys of more upstreams', () => {
  const groqKey = '/outlast/prod/upstreams/groq';
  const upstreams = (...list: object[]) => ['--param', `upstreams=${JSON.stringify(list)}`];
  const groq = { name: 'groq', baseUrl: 'https://api.groq.com/openai/v1' };

  test('are looked for, each under the name of its upstream', async () => {
    const vllm = { name: 'vllm', apiKeyParameter: '/outlast/prod/upstreams/vllm' };
    const keyless = { name: 'keyless', baseUrl: 'http://10.0.0.5/v1' };
    const args = upstreams({ ...groq, apiKeyParameter: groqKey }, vllm, keyless);
    const parameters = [...ready.parameters, { Name: groqKey, Type: 'SecureString' }];
    const { code, line, stdout, calls } = await preflight({ ...ready, parameters }, args);
    expect(line('Key of groq')).toMatch(/ ok .*\/upstreams\/groq is there/);
    expect(line('Key of vllm')).toMatch(/ fail .*put-parameter .*--name \/outlast\/prod\/.*vllm/);
    expect(line('Key parameter')).toMatch(/ ok /);
    expect(stdout).not.toContain('keyless');
    expect(code).toBe(1);
    expect(calls).not.toContain('GetParameter');
  });

  test('may be the default one’s, but no other that the roles cannot read', async () => {
    const shared = upstreams({ ...groq, apiKeyParameter: keyParameter });
    expect((await preflight(ready, shared)).line('Key of groq')).toMatch(/ ok /);
    const devs = upstreams({ ...groq, apiKeyParameter: '/outlast/dev/upstreams/groq' });
    const { code, line } = await preflight(ready, devs);
    expect(code).toBe(1);
    expect(line('Key of groq')).toMatch(/ fail .*not below \/outlast\/prod\/upstreams\//);
  });

  test('that are in the list itself are a warning, and never shown', async () => {
    const { code, line, stdout } = await preflight(ready, upstreams({ ...groq, apiKey: 'sk-1' }));
    expect(code).toBe(0);
    expect(line('Key of groq')).toMatch(/ warn .*apiKeyParameter/);
    expect(stdout).not.toContain('sk-1');
  });

  test('are not asked for when the list is wrong: it is said as the functions would', async () => {
    const { code, stderr, calls } = await preflight(ready, upstreams({ name: 'a b', key: 'sk-1' }));
    expect(code).toBe(1);
    expect(stderr).toMatch(/^The parameter upstreams is wrong: \[0\][^\n]*$/);
    expect(stderr).not.toContain('sk-1');
    expect(calls).toEqual([]);
  });

  test('of a list that is too long for Lambda will not deploy', async () => {
    const models = Array.from({ length: 300 }, (_, index) => `model-${index}`);
    const { code, line } = await preflight(ready, upstreams({ ...groq, models }));
    expect(code).toBe(1);
    expect(line('Upstreams')).toMatch(/ fail .*4096/);
  });
});

test.each([
  ['UPDATE_COMPLETE', 'ok', 0],
  ['UPDATE_ROLLBACK_COMPLETE', 'ok', 0],
  ['UPDATE_IN_PROGRESS', 'warn', 0],
  ['ROLLBACK_COMPLETE', 'fail', 1],
  ['UPDATE_ROLLBACK_FAILED', 'fail', 1],
])('a stack that is %s is %s', async (status, result, exitCode) => {
  const { code, line } = await preflight({ ...ready, stack: { status, outputs: {} } });
  expect(code).toBe(exitCode);
  expect(line('Stack')).toMatch(new RegExp(` ${result} .*${status}`));
});

test('the log role of other APIs is a warning, the stack’s own is not', async () => {
  const others = 'arn:aws:iam::123456789012:role/others';
  expect((await preflight({ ...ready, cloudwatchRoleArn: others })).stdout).toMatch(
    /API Gateway +warn .*role\/others/,
  );
  const own = 'arn:aws:iam::123456789012:role/outlast-prod-AccessLogRole-1';
  expect((await preflight({ ...ready, cloudwatchRoleArn: own })).stdout).not.toMatch(/ warn /);
});

test('what may not be asked is unknown, and leaves the rest standing', async () => {
  const { code, line } = await preflight({ ...ready, denied: ['DescribeStacks'] });
  expect(code).toBe(0);
  expect(line('Stack')).toMatch(/unknown .*may not do this: User: x may not DescribeStacks/);
  expect(line('Key parameter')).toMatch(/ ok /);
});

test('without credentials it is one line, at once', async () => {
  const { code, stdout, stderr } = await runScript(script, []);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^There are no AWS credentials: [^\n]*$/);
});

test('a network that swallows everything ends it within seconds', async () => {
  const silent = await startSilentServer();
  onTestFinished(() => silent.close());
  const startedMs = Date.now();
  const { code, stderr } = await runScript(script, [], {
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    AWS_ENDPOINT_URL: silent.endpoint,
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/^AWS cannot be reached \([^\n]*$/);
  expect(Date.now() - startedMs).toBeLessThan(15_000);
});
