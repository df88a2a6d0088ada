import { createHash } from 'node:crypto';
import type { HttpRequest } from './http.ts';
import { checkJsonTree } from './json-tree.ts';

/** JSON without spaces, and with the names of each object in one order. Recursive. */
const canonicalJson = (value: unknown): string => {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value ?? null);
  const fields = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return `{${fields.map(([name, field]) => `${JSON.stringify(name)}:${canonicalJson(field)}`).join(',')}}`;
};

/** The route with the request's own values in it: which job is retried is part of what is asked. */
const filledRoute = ({ route, pathParameters }: HttpRequest): string =>
  route.replaceAll(/\{(\w+)\+?\}/g, (_, name: string) =>
    encodeURIComponent(pathParameters[name] ?? ''),
  );

/**
 * Tells requests apart, SHA-256 in hex: two have the same fingerprint when route and body are the
 * same, however the body's JSON is written. Headers say how to answer, not what is asked, and do not
 * count. Throws Fault `invalid_value` for a body that `checkJsonTree` refuses.
 */
export const requestFingerprint = (request: HttpRequest): string => {
  checkJsonTree(request.body ?? null);
  return createHash('sha256')
    .update(`${filledRoute(request)}\n${canonicalJson(request.body)}`)
    .digest('hex');
};
