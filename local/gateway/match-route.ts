import type { Route } from '../template/routes.ts';

/**
 * The route of a request, with its path parameters as they stand in the path: a REST API does not
 * decode them (aws-sam-cli issue 771, serverless-offline issue 265; read 2026-11).
 */
export type RouteMatch = { route: Route; pathParameters: Record<string, string> };

/**
 * The route for a method and path as API Gateway finds it: the most specific resource (a literal
 * segment before `{name}` before `{name+}`), then its own method before `ANY`. A trailing slash is
 * ignored. Throws `URIError` when a parameter is not valid percent-encoding.
 */
export function matchRoute(
  routes: readonly Route[],
  method: string,
  path: string,
): RouteMatch | undefined {
  const segments = segmentsOf(path);
  const resource = routes
    .filter((route) => fits(segmentsOf(route.path), segments))
    .reduce<Route | undefined>(
      (best, route) => (best === undefined || isMoreSpecific(route, best) ? route : best),
      undefined,
    );
  const route =
    resource && (methodOf(routes, resource, method) ?? methodOf(routes, resource, 'ANY'));
  return route && { route, pathParameters: parametersOf(segmentsOf(route.path), segments) };
}

function methodOf(routes: readonly Route[], resource: Route, httpMethod: string) {
  return routes.find((route) => route.path === resource.path && route.httpMethod === httpMethod);
}

function segmentsOf(path: string): string[] {
  const trimmed = path.replace(/^\//, '').replace(/\/$/, '');
  return trimmed === '' ? [] : trimmed.split('/');
}

/** 0 for a literal segment, 1 for `{name}`, 2 for `{name+}`. */
function looseness(segment: string | undefined): number {
  if (segment === undefined || !segment.startsWith('{')) return 0;
  return segment.endsWith('+}') ? 2 : 1;
}

function fits(pattern: readonly string[], segments: readonly string[]): boolean {
  const greedy = looseness(pattern.at(-1)) === 2;
  if (greedy ? segments.length < pattern.length : segments.length !== pattern.length) return false;
  return pattern.every((part, index) =>
    looseness(part) === 0 ? part === segments[index] : segments[index] !== '',
  );
}

function isMoreSpecific(route: Route, other: Route): boolean {
  const own = segmentsOf(route.path).map(looseness);
  const others = segmentsOf(other.path).map(looseness);
  const at = own.findIndex((value, index) => value !== others[index]);
  return at >= 0 && (own[at] ?? 0) < (others[at] ?? 0);
}

function parametersOf(
  pattern: readonly string[],
  segments: readonly string[],
): Record<string, string> {
  const parameters = pattern.flatMap((part, index) => {
    if (looseness(part) === 0) return [];
    const greedy = looseness(part) === 2;
    const value = greedy ? segments.slice(index).join('/') : (segments[index] ?? '');
    // Malformed encoding is refused here, as by API Gateway.
    decodeURIComponent(value);
    return [[part.slice(1, greedy ? -2 : -1), value]];
  });
  return Object.fromEntries(parameters);
}
