import { expect, test } from 'vitest';
import { routeAccess, routeMethods } from '../../../lib/wire/routes.ts';
import { clientScopes } from '../../../lib/wire/scopes.ts';

const routes = Object.entries(routeMethods).flatMap(([route, methods]) =>
  methods.map((method) => ({ route, method, access: routeAccess(method, route) })),
);

test('only what is its own capability, or tells nothing, is open', () => {
  const open = routes.filter(({ access }) => access === 'open').map(({ route }) => route);
  expect(open.toSorted()).toEqual(['/health', '/results/{id}']);
});

test('a key as it is made without asking does all that a client of OpenAI’s does', () => {
  const asked = routes.filter(({ route }) => route.startsWith('/v1/') || route === '/generate');
  expect(asked.length).toBeGreaterThan(8);
  for (const { access } of asked) expect(clientScopes).toContain(access);
});

test('whoever may only read changes nothing', () => {
  for (const { method, access } of routes) {
    if (method !== 'GET') expect(access).not.toBe('read');
    else expect(['read', 'open', 'admin']).toContain(access);
  }
});

test('HEAD takes what GET takes, and what is not there is open to nobody', () => {
  expect(routeAccess('HEAD', '/v1/responses')).toBe('read');
  expect(routeAccess('DELETE', '/v1/responses')).toBeUndefined();
  for (const name of ['__proto__', 'constructor', '/nowhere']) {
    expect(routeAccess('GET', name)).toBeUndefined();
    expect(routeMethods[name]?.length ?? 0).not.toBeGreaterThan(1);
  }
});
