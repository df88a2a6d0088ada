import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Deployment, startDeployment } from '../fixtures/deployment/deployment.ts';
import { covers, type Grant, grantsOf } from '../fixtures/deployment/grants.ts';
import { ofResponses, runWhole } from '../fixtures/deployment/whole-run.ts';

const functionNames = ['submit', 'work', 'read', 'control', 'deliver', 'sweep', 'authorize'];

/** Grants that no call of a function’s own makes use of in this run. */
const explained: Readonly<Record<string, readonly string[]>> = {
  // The event source mapping polls with the function's role.
  work: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
  deliver: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
};

let deployed: Deployment;

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
  deployed = await startDeployment(ofResponses);
  await runWhole(deployed);
});
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
