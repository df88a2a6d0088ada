import { expect, test } from 'vitest';
import { evaluatePolicy, policySchema } from '../../../../local/gateway/policy.ts';

const api = 'arn:aws:execute-api:us-east-1:000000000000:local';
const methodArn = `${api}/dev/POST/generate`;

const decision = (...Statement: object[]) =>
  evaluatePolicy(policySchema.parse({ Version: '2012-10-17', Statement }), methodArn);

const allow = (Resource: string | string[], Action: string | string[] = 'execute-api:Invoke') => ({
  Effect: 'Allow',
  Action,
  Resource,
});

test.each([`${api}/dev/POST/generate`, `${api}/dev/*/*`, `${api}/*`, '*', `${api}/dev/P?ST/gen*`])(
  'a statement for %s allows the method',
  (resource) => {
    expect(decision(allow(resource))).toBe('allowed');
    expect(decision(allow(['arn:elsewhere', resource], ['x:y', 'execute-api:*']))).toBe('allowed');
  },
);

test.each([
  `${api}/dev/GET/*`,
  `${api}/prod/*`,
  `${api}/dev/POST/generate/`,
  `${api}/dev/POST/.enerate`,
])('a statement for %s does not', (resource) => {
  expect(decision(allow(resource))).toBe('denied');
});

test('a denial outweighs every permission', () => {
  expect(decision(allow('*'), { ...allow(`${api}/dev/*`), Effect: 'Deny' })).toBe('denied');
});

test('no statement, and one for another action, deny', () => {
  expect(decision()).toBe('denied');
  expect(decision(allow('*', 'execute-api:ManageConnections'))).toBe('denied');
});
