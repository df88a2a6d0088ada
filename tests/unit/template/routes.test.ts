import { expect, test } from 'vitest';
import { routeAccess, routeMethods } from '../../../lib/wire/routes.ts';
import { expectedRoutes } from '../../../scripts/template/expected-routes.ts';

const routesOf = (path: string, methods: readonly string[]): string[] => {
  const answered = methods.includes('GET') ? [...methods, 'HEAD'] : methods;
  const keyed = answered.filter((method) => routeAccess(method, path) !== 'open');
  return [...keyed, 'ANY'].map((method) => `${method} ${path}`);
};

test('each method that a function answers has a route of its own, with a key', () => {
  const routes = Object.entries(routeMethods).flatMap(([path, methods]) => routesOf(path, methods));
  expect([...expectedRoutes.keys()].toSorted()).toEqual(routes.toSorted());
  for (const [route, { keyed }] of expectedRoutes) {
    expect({ route, keyed }).toEqual({ route, keyed: !route.startsWith('ANY ') });
  }
});
