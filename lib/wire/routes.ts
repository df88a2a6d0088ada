import type { Scope } from './scopes.ts';

/** The scope a key must have, or `open`: no key is looked at. */
export type RouteAccess = Scope | 'open';
type Methods = Readonly<Partial<Record<'GET' | 'POST' | 'DELETE', RouteAccess>>>;

/**
 * What each route of the API can be asked, whichever function answers, and which scope that takes.
 * Everything a client of OpenAI's does to its own jobs takes `generate` or `read`.
 */
const routes: Readonly<Record<string, Methods>> = {
  '/generate': { POST: 'generate' },
  '/results/{id}': { GET: 'open' },
  '/v1/responses': { GET: 'read', POST: 'generate' },
  '/v1/responses/{id}': { GET: 'read', DELETE: 'generate' },
  '/v1/responses/{id}/cancel': { POST: 'generate' },
  '/v1/responses/{id}/input_items': { GET: 'read' },
  '/v1/chat/completions': { POST: 'generate' },
  '/v1/models': { GET: 'read' },
  '/v1/models/{id+}': { GET: 'read' },
  '/jobs/{id}': { GET: 'read' },
  '/jobs/{id}/cancel': { POST: 'generate' },
  '/jobs/{id}/retry': { POST: 'generate' },
  '/jobs/{id}/redeliver': { POST: 'generate' },
  '/deliveries': { GET: 'read' },
  '/callback_endpoints': { GET: 'admin', POST: 'admin' },
  '/callback_endpoints/{id}': { GET: 'admin', DELETE: 'admin' },
  '/callback_endpoints/{id}/rotate': { POST: 'admin' },
  '/callback_endpoints/{id}/test': { POST: 'admin' },
  '/health': { GET: 'open' },
};

/** The methods of each route; HEAD and OPTIONS are answered besides. */
export const routeMethods: Readonly<Record<string, readonly string[]>> = Object.fromEntries(
  Object.entries(routes).map(([route, methods]) => [route, Object.keys(methods)]),
);

const accesses = new Map(
  Object.entries(routes).flatMap(([route, methods]) =>
    Object.entries(methods).map(([method, access]) => [`${method} ${route}`, access] as const),
  ),
);

/** What a request takes; undefined when the route has no such method. HEAD is as GET. */
export const routeAccess = (method: string, route: string): RouteAccess | undefined =>
  accesses.get(`${method === 'HEAD' ? 'GET' : method} ${route}`);
