import { expect, test } from 'vitest';
import { authorizerAnswer, parseGrant } from '../../../lib/wire/authorizer-policy.ts';
import { scopes } from '../../../lib/wire/scopes.ts';
import { parseTenantLimits } from '../../../lib/wire/tenant-limits.ts';

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

test('the context is read back as it was written', () => {
  const limits = { requestsPerMinute: 60, models: ['gpt-5*'], upstreamObjects: false };
  const grant = { keyId: 'key_1', tenant: 'acme', scopes: ['generate', 'read'], limits };
  const answer = authorizerAnswer(grant, methodArn);
  expect(parseGrant('context' in answer ? answer.context : undefined)).toEqual(grant);
  expect(parseGrant(undefined)).toBeUndefined();
});

test('the answer for a tenant with every limit at its longest stays under 8 KB', () => {
  const list = (item: string) => Array.from({ length: 30 }, () => item);
  const limits = parseTenantLimits({
    requestsPerMinute: 1_000_000,
    jobsInFlight: 500,
    queuedJobs: 1_000_000,
    waiting: 1_000_000,
    tokensPerDay: 1_000_000_000_000,
    models: list('ü'.repeat(32)),
    callbackHosts: list('a'.repeat(63)),
    resultTtlSeconds: 2_592_000,
    upstreamObjects: true,
  });
  const grant = { keyId: 'key_1'.repeat(10), tenant: 'a'.repeat(64), scopes, limits };
  const bytes = Buffer.byteLength(JSON.stringify(authorizerAnswer(grant, methodArn)));
  expect(bytes).toBeGreaterThan(4_000);
  expect(bytes).toBeLessThan(8_000);
});
