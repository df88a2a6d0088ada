import { describe, expect, test } from 'vitest';
import { admitKey } from '../../../lib/middleware/admit-key.ts';
import { authorizerAnswer, type Grant } from '../../../lib/wire/authorizer-policy.ts';
import { routeAccess, routeMethods } from '../../../lib/wire/routes.ts';
import { scopes } from '../../../lib/wire/scopes.ts';

const methodArn = 'arn:aws:execute-api:eu-west-1:123456789012:a1b2c3/prod/GET/jobs/1';

/** As the gateway hands it on: values are texts, and there is more among them. */
const contextOf = (grant: Partial<Grant>) => {
  const whole = { keyId: 'key_1', tenant: 'acme', scopes: [], limits: {}, ...grant };
  const answer = authorizerAnswer(whole, methodArn);
  return {
    principalId: 'acme',
    integrationLatency: 12,
    ...('context' in answer && answer.context),
  };
};

const keyed = Object.entries(routeMethods).flatMap(([route, methods]) =>
  [...methods, ...(methods.includes('GET') ? ['HEAD'] : [])].flatMap((method) => {
    const access = routeAccess(method, route);
    return access === undefined || access === 'open' ? [] : [[method, route, access] as const];
  }),
);

describe.each(keyed)('%s %s', (method, route, scope) => {
  const what = `${method} ${route}`;
  const others = scopes.filter((other) => other !== scope);

  test('lets a key with its scope pass', () => {
    expect(admitKey(contextOf({ scopes: [scope] }), scope, what)).toMatchObject({ tenant: 'acme' });
  });

  test.each([[[]], [others]])('refuses a key with %j', (lacking) => {
    expect(() => admitKey(contextOf({ scopes: lacking }), scope, what)).toThrow(
      expect.objectContaining({
        code: 'insufficient_scope',
        reported: {
          status: 403,
          type: 'invalid_request_error',
          param: null,
          code: 'insufficient_scope',
        },
        message: expect.stringContaining(`lacks the scope '${scope}', which ${what} needs`),
      }),
    );
  });

  test.each([undefined, null])('refuses whom the authorizer did not look at: %j', (context) => {
    expect(() => admitKey(context, scope, what)).toThrow(
      expect.objectContaining({ code: 'invalid_api_key' }),
    );
  });
});

test('the refusal says which key would do', () => {
  expect(() => admitKey(contextOf({ scopes: ['read'] }), 'admin', 'POST /x')).toThrow(
    /it has read\. .*npm run keys -- create --tenant acme --scopes generate,read,admin$/,
  );
});

test('the limits arrive as they were given', () => {
  const limits = { requestsPerMinute: 60, models: ['a*', 'ü'], upstreamObjects: true };
  expect(admitKey(contextOf({ scopes: ['read'], limits }), 'read', 'GET /jobs')).toEqual({
    tenant: 'acme',
    scopes: ['read'],
    limits,
  });
});

test('an open route looks at no key', () => {
  expect(admitKey({ tenant: 5 }, 'open', 'GET /health')).toEqual({ scopes: [], limits: {} });
});

test.each([
  {},
  'text',
  { tenant: 'acme', keyId: 'k', scopes: 'read' },
  { tenant: 'acme', keyId: 'k', limits: '{}' },
  { tenant: '', keyId: 'k', scopes: 'read', limits: '{}' },
  { tenant: 'acme', keyId: 'k', scopes: 'read', limits: '' },
  { tenant: 'acme', keyId: 'k', scopes: 'read', limits: 'null' },
  { tenant: 'acme', keyId: 'k', scopes: 'read', limits: '{"models":[]}' },
])('nobody passes by an authorizer’s answer that cannot be read: %j', (context) => {
  expect(() => admitKey(context, 'read', 'GET /jobs')).toThrow(
    expect.objectContaining({ code: 'internal_error' }),
  );
});
