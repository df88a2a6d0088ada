import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startAccount } from '../../fixtures/aws-account.ts';
import { runScript } from '../../fixtures/command.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';

const keys = (line: string, environment: Readonly<Record<string, string>> = {}) =>
  runScript('scripts/keys.ts', line.split(' '), environment);

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
});
afterAll(() => table.close());

const account = async (stack?: { status: string; outputs: Record<string, string> }) => {
  const server = await startAccount({
    ...(stack && { stack }),
    parameters: [],
    concurrentExecutions: 10,
    throttleRate: 1,
    denied: [],
  });
  onTestFinished(() => server.close());
  return { ...server.environment, AWS_ENDPOINT_URL_DYNAMODB: table.endpoint };
};

const deployed = () =>
  account({
    status: 'UPDATE_COMPLETE',
    outputs: { TableName: table.tableName, ApiUrl: 'https://a.example/prod' },
  });

test('a deployed stage’s table is found by its stack', async () => {
  const environment = await deployed();
  const created = await keys('create --tenant shop --stage prod', environment);
  expect(created.stderr).toBe('');
  expect(created.stdout).toMatch(/sk-outlast-[\w-]{43}$/m);
  expect(created.stdout).toContain('curl https://a.example/prod/generate ');
  expect(created.stdout).toContain('stored nowhere');
  const id = /key_\w+/.exec(created.stdout)?.[0] ?? '';
  const listed = await keys('list --tenant shop --stage prod', environment);
  expect(listed.stdout).toMatch(new RegExp(`^${id} +generate,read +20\\S+Z +- +-$`, 'm'));
  expect(listed.stdout).not.toContain('sk-outlast-');
  for (const _again of [1, 2]) {
    const revoked = await keys(`revoke --tenant shop --id ${id} --stage prod`, environment);
    expect(revoked.code).toBe(0);
    expect(revoked.stdout).toMatch(/^Revoked: .* within a minute/s);
  }
});

test('a key with an end is shown with it, and with what it may ask', async () => {
  const environment = await deployed();
  const created = await keys(
    'create --tenant temp --expires 2036-01-31 --scopes read --stage prod',
    environment,
  );
  expect(created.stdout).toMatch(/^Until: +2036-01-31T00:00:00Z, and refused within a minute/m);
  expect(created.stdout).toContain('curl https://a.example/prod/v1/models ');
  const listed = await keys('list --tenant temp --stage prod', environment);
  expect(listed.stdout).toMatch(/ 2036-01-31T00:00:00Z +-$/m);
});

test('rotating tells what still verifies, and what is dropped', async () => {
  const environment = await deployed();
  const rotate = () => keys('rotate-signing --stage prod', environment);
  expect((await rotate()).stdout).toMatch(/^There was no signing key yet[^\n]*$/);
  const second = await rotate();
  expect(second.stdout).toMatch(/^A new key signs result URLs from 20\S+Z on/);
  expect(second.stdout).toMatch(/^The key of 20\S+Z still verifies/m);
  expect(second.stdout).not.toContain('is dropped');
  expect((await rotate()).stdout).toMatch(/^The key of 20\S+Z is dropped: /m);
});

test('a table that is named needs no stack', async () => {
  const { code, stdout } = await keys(
    `create --tenant named --table ${table.tableName}`,
    await account(),
  );
  expect(code).toBe(0);
  expect(stdout).toContain('tenant named');
  expect(stdout).not.toContain('curl');
});

test.each([
  ['create --tenant shop --stage prod', 'There is no stack outlast-prod in us-east-1: deploy it'],
  ['create --tenant shop --table nowhere', 'ResourceNotFoundException: '],
  [`create --tenant Shop --table t`, '"Shop" is no name for a tenant'],
  [`create --tenant local --table t`, 'The tenant local is kept for the local key.'],
  ['create --tenant shop --expires soon --table t', '"soon" is no time to expire at: use '],
  [`create --tenant shop --scopes all --table t`, '"all" is no scope'],
])('%s fails in one line', async (line, fault) => {
  const { code, stdout, stderr } = await keys(line, await account());
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toMatch(/^[^\n]+$/);
  expect(stderr).toContain(fault);
});

test('a tenant without keys, and a key that is not there, are told', async () => {
  const environment = await deployed();
  expect(await keys('list --tenant nobody --stage prod', environment)).toMatchObject({
    code: 1,
    stderr: 'The tenant nobody has no keys.',
  });
  const { code, stderr } = await keys(
    'revoke --tenant nobody --id key_1 --stage prod',
    environment,
  );
  expect(code).toBe(1);
  expect(stderr).toMatch(/^The tenant nobody has no key key_1: [^\n]+$/);
});

test('without credentials the deployed table is out of reach, in one line', async () => {
  const { code, stderr } = await keys('list --tenant shop --stage prod');
  expect(code).toBe(1);
  expect(stderr).toMatch(/^There are no AWS credentials: [^\n]+$/);
});

test('a local runtime that does not run, or died, is told in one line', async () => {
  const dataDir = await mkdtemp(path.join(tmpdir(), 'outlast-keys-'));
  onTestFinished(() => rm(dataDir, { recursive: true, force: true }));
  const endpoints = { url: 'u', region: 'us-east-1', tableNames: ['t'] };
  const left = JSON.stringify({ ...endpoints, tableEndpoint: 'http://127.0.0.1:1' });
  for (const text of [undefined, left]) {
    if (text !== undefined) await writeFile(path.join(dataDir, 'endpoints.json'), text);
    const { code, stderr } = await keys(`list --tenant shop --data ${dataDir}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^No local Outlast runs with the data folder [^\n]+npm start[^\n]+$/);
  }
  for (const text of ['', '{}', 'nonsense']) {
    await writeFile(path.join(dataDir, 'endpoints.json'), text);
    const { code, stderr } = await keys(`list --tenant shop --data ${dataDir}`);
    expect(code).toBe(1);
    expect(stderr).toMatch(/^[^\n]+is of another version[^\n]+$/);
  }
});
