import fc from 'fast-check';
import { expect, test } from 'vitest';
import { matchRoute } from '../../../../local/gateway/match-route.ts';
import type { Route } from '../../../../local/template/routes.ts';

const route = (httpMethod: string, path: string): Route => ({
  path,
  resourceId: path,
  httpMethod,
  authorizerId: undefined,
  functionName: `${httpMethod} ${path}`,
  transferMode: 'BUFFERED',
  timeoutMs: 29_000,
});

const routes = [
  route('ANY', '/'),
  route('ANY', '/jobs/{id}'),
  route('GET', '/jobs/{id}'),
  route('GET', '/jobs/latest'),
  route('POST', '/jobs/{id}/cancel'),
  route('GET', '/{rest+}'),
];

const found = (method: string, path: string) => {
  const match = matchRoute(routes, method, path);
  return match && [match.route.functionName, match.pathParameters];
};

test.each([
  ['GET', '/', 'ANY /', {}],
  ['GET', '/jobs/7', 'GET /jobs/{id}', { id: '7' }],
  ['GET', '/jobs/7/', 'GET /jobs/{id}', { id: '7' }],
  ['PUT', '/jobs/7', 'ANY /jobs/{id}', { id: '7' }],
  ['GET', '/jobs/latest', 'GET /jobs/latest', {}],
  ['POST', '/jobs/a%20b/cancel', 'POST /jobs/{id}/cancel', { id: 'a%20b' }],
  ['GET', '/a/b/c', 'GET /{rest+}', { rest: 'a/b/c' }],
])('%s %s goes to %s', (method, path, functionName, parameters) => {
  expect(found(method, path)).toEqual([functionName, parameters]);
});

test.each([
  ['PUT', '/jobs/latest'],
  ['GET', '/jobs/7/cancel'],
  ['POST', '/a'],
  ['POST', '/jobs//cancel'],
])('%s %s has no route', (method, path) => {
  expect(found(method, path)).toBeUndefined();
});

test('a parameter that is not valid percent-encoding is told apart', () => {
  expect(() => found('GET', '/jobs/%zz')).toThrow(URIError);
});

test('every path parameter is handed on as it stands in the path', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, unit: 'grapheme' }), (id) => {
      const encoded = encodeURIComponent(id);
      expect(found('POST', `/jobs/${encoded}/cancel`)?.[1]).toEqual({ id: encoded });
    }),
  );
});
