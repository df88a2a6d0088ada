import { expect, test } from 'vitest';
import { authorizerAnswer } from '../../../lib/wire/authorizer-policy.ts';

const methodArn =
  'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/GET/v1/responses/resp_1/input_items';

test('an allow speaks for the whole stage, since the gateway keeps it for every route', () => {
  const grant = { keyId: 'key_1', tenant: 'acme', scopes: ['generate', 'read'], limits: {} };
  expect(authorizerAnswer(grant, methodArn)).toEqual({
    principalId: 'acme',
    policyDocument: {
      Version: '2012-10-17',
      Statement: [
        {
          Action: 'execute-api:Invoke',
          Effect: 'Allow',
          Resource: 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/*/*',
        },
      ],
    },
    context: { keyId: 'key_1', tenant: 'acme', scopes: 'generate read', limits: '{}' },
  });
});

test('a deny names no tenant and covers the whole stage too', () => {
  const { policyDocument, ...rest } = authorizerAnswer(undefined, methodArn);
  expect(rest).toEqual({ principalId: 'unknown' });
  expect(policyDocument.Statement).toMatchObject([
    { Effect: 'Deny', Resource: expect.stringMatching(/\/prod\/\*\/\*$/) },
  ]);
});
