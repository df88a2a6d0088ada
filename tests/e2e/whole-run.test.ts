import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { FunctionSpec } from '../../local/lambda/lambda.ts';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import { covers, type Grant, grantsOf } from '../fixtures/deployment/grants.ts';
import { lookedFor, reserved } from '../fixtures/deployment/known-variables.ts';
import { ofResponses, runWhole } from '../fixtures/deployment/whole-run.ts';

const functionNames = ['submit', 'work', 'read', 'control', 'deliver', 'sweep', 'authorize'];
const recorder = path.resolve('tests/fixtures/deployment/record-access.mjs');
const runtimeDir = path.resolve('local/lambda');

/** May read its own code (and the runtime's) and nothing else; every other wish is recorded. */
const confined = (spec: FunctionSpec): FunctionSpec => {
  const readable = [spec.bundleDir, runtimeDir, recorder].map((dir) => `"--allow-fs-read=${dir}"`);
  const options = ['--permission', ...readable, `"--import=${recorder}"`].join(' ');
  return { ...spec, environment: { ...spec.environment, NODE_OPTIONS: options } };
};

/** Grants that no call of a function’s own makes use of in this run. */
const explained: Readonly<Record<string, readonly string[]>> = {
  // The event source mapping polls with the function's role.
  work: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  deliver: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
};

type Access = { readonly access: string; readonly name: string };

let deployed: Deployment;
/** Whatever any of the function's sandboxes reached for. */
const accessesOf = (functionName: string): Access[] => {
  const start = `${functionName}: {"access":`;
  const lines = deployed.logged.filter((line) => line.startsWith(start));
  return [...new Set(lines)].map(
    (line) => JSON.parse(line.slice(functionName.length + 2)) as Access,
  );
};
const variablesRead = (functionName: string): string[] =>
  accessesOf(functionName)
    .filter(({ access }) => access === 'variable')
    .map(({ name }) => name);

const callsOf = (functionName: string): Grant[] =>
  Object.values(deployed.links(functionName)).flatMap(({ calls }) => calls);

const allowed = (functionName: string): readonly Grant[] => {
  const { templateText, stack, queueEndpoint } = deployed;
  const fn = stack.functions.find(({ name }) => name === functionName);
  return grantsOf(templateText, fn?.logicalId ?? '', queueEndpoint);
};

const told = (grants: readonly Grant[]): string[] =>
  [...new Set(grants.map(({ action, resource }) => `${action} on ${resource}`))].sort();

beforeAll(async () => {
  deployed = await startDeployment({ ...ofResponses, change: (specs) => specs.map(confined) });
  await runWhole(deployed);
}, 240_000);
afterAll(() => deployed?.close());

test('the functions are those of the package', () => {
  expect(deployed.stack.functions.map(({ name }) => name).sort()).toEqual(functionNames.toSorted());
});

describe.each(functionNames)('the role of %s', (functionName) => {
  test('allows each call that the function makes', () => {
    const calls = callsOf(functionName);
    const grants = allowed(functionName);
    expect(calls).not.toEqual([]);
    const refused = calls.filter((call) => !grants.some((grant) => covers(grant, call)));
    expect(told(refused)).toEqual([]);
  });

  test('allows nothing that the function makes no use of', () => {
    const calls = callsOf(functionName);
    const unused = allowed(functionName).filter(
      (grant) =>
        !calls.some((call) => covers(grant, call)) &&
        !explained[functionName]?.includes(grant.action),
    );
    expect(told(unused)).toEqual([]);
  });
});

describe('in a whole run of the service', () => {
  test.each(functionNames)(
    '%s reads no variable but its own and Lambda’s, and is given none in vain',
    (functionName) => {
      const deployedFunction = deployed.stack.functions.find(({ name }) => name === functionName);
      const given = Object.keys(deployedFunction?.environment ?? {});
      const read = new Set(variablesRead(functionName));
      const known = new Set([...given, ...reserved, ...Object.values(lookedFor).flat()]);
      expect(given).toContain('TABLE_NAME');
      expect([...read].filter((name) => !known.has(name))).toEqual([]);
      const inVain = given.filter((name) => !read.has(name));
      expect(inVain).toEqual([]);
    },
  );

  test('the template gives no variable that a library looks for', () => {
    const given = deployed.stack.functions.flatMap(({ environment }) => Object.keys(environment));
    const sought: string[] = Object.values(lookedFor).flat();
    expect(given.filter((name) => sought.includes(name))).toEqual([]);
  });

  test.each(functionNames)(
    '%s reaches for no file but its code and the SDK’s absent configuration, nor writes one, nor starts a process',
    (functionName) => {
      const wishes = accessesOf(functionName).filter(({ access }) => access !== 'variable');
      const absent = ['/home/sbx_user1051/.aws/config', '/home/sbx_user1051/.aws/credentials'];
      expect(wishes.sort((a, b) => a.name.localeCompare(b.name))).toEqual(
        absent.map((name) => ({ access: 'FileSystemRead', name })),
      );
    },
  );
});
