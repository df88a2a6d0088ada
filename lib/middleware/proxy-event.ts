import * as z from 'zod/mini';
import { Fault } from '../errors.ts';

const texts = z.nullish(z.record(z.string(), z.nullish(z.string())));
const textLists = z.nullish(z.record(z.string(), z.nullish(z.array(z.string()))));

const proxyEventSchema = z.object({
  httpMethod: z.string(),
  path: z.string(),
  resource: z.nullish(z.string()),
  headers: texts,
  multiValueHeaders: textLists,
  queryStringParameters: texts,
  multiValueQueryStringParameters: textLists,
  pathParameters: texts,
  body: z.nullish(z.string()),
  isBase64Encoded: z.nullish(z.boolean()),
  requestContext: z.object({
    requestId: z.string(),
    domainName: z.nullish(z.string()),
    path: z.nullish(z.string()),
    authorizer: z.optional(z.unknown()),
  }),
});

type ProxyEvent = z.infer<typeof proxyEventSchema>;

/** An API Gateway REST proxy event. Throws Fault `internal_error` for anything else. */
export const parseProxyEvent = (event: unknown): ProxyEvent => {
  const parsed = proxyEventSchema.safeParse(event);
  if (parsed.success) return parsed.data;
  throw new Fault('internal_error', 'The gateway sent a request that cannot be read.', {
    cause: parsed.error,
  });
};

type Values = Readonly<Record<string, string>>;

/** One value a name: repeated ones are joined, whichever of the event's two maps holds them all. */
const collect = (
  single: ProxyEvent['headers'],
  multiple: ProxyEvent['multiValueHeaders'],
  separator: string,
  rename: (name: string) => string,
): Values => {
  const lists = new Map<string, readonly string[]>();
  for (const [name, values] of Object.entries(multiple ?? {})) {
    if (values != null) lists.set(rename(name), [...(lists.get(rename(name)) ?? []), ...values]);
  }
  for (const [name, value] of Object.entries(single ?? {})) {
    if (value != null && !lists.has(rename(name))) lists.set(rename(name), [value]);
  }
  return Object.fromEntries(Array.from(lists, ([name, list]) => [name, list.join(separator)]));
};

/** Names in lower case, values of repeated headers joined by ", ". */
export const headersOf = (event: ProxyEvent): Values =>
  collect(event.headers, event.multiValueHeaders, ', ', (name) => name.toLowerCase());

/** Values of repeated parameters joined by ",". */
export const queryOf = (event: ProxyEvent): Values =>
  collect(event.queryStringParameters, event.multiValueQueryStringParameters, ',', (name) => name);

const decoded = (value: string): string => {
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
};

/** Decoded, since a REST API hands them over as they stand in the path. */
export const pathParametersOf = (event: ProxyEvent): Values =>
  Object.fromEntries(
    Object.entries(collect(event.pathParameters, undefined, ',', (name) => name)).map(
      ([name, value]) => [name, decoded(value)],
    ),
  );

const segmentsOf = (path: string): readonly string[] =>
  path.split('/').filter((segment) => segment !== '');

/**
 * How many segments of the path belong to the route. Told by the resource, since `path` holds the
 * base path of a custom domain but not the stage of API Gateway's own
 * (https://github.com/CodeGenieApp/serverless-express/issues/216; read 2026-11).
 */
const routeLength = ({ resource, path, pathParameters }: ProxyEvent): number =>
  segmentsOf(resource ?? path).reduce((length, segment) => {
    const greedy = /^\{(.+)\+\}$/.exec(segment)?.[1];
    const value = greedy === undefined ? undefined : pathParameters?.[greedy];
    return length + (value == null ? 1 : segmentsOf(value).length);
  }, 0);

/** The request's path in two: what stage or custom domain put before the route, and the route. */
export const splitPath = (event: ProxyEvent): { readonly base: string; readonly route: string } => {
  const segments = segmentsOf(event.requestContext.path ?? event.path);
  const cut = Math.max(0, segments.length - routeLength(event));
  const base = segments.slice(0, cut).join('/');
  return { base: base === '' ? '' : `/${base}`, route: `/${segments.slice(cut).join('/')}` };
};

/** Where the API is reached, without a trailing slash. Throws Fault `misconfigured` when unknown. */
export const baseUrlOf = (event: ProxyEvent, publicBaseUrl: string | undefined): string => {
  if (publicBaseUrl !== undefined && publicBaseUrl !== '') return publicBaseUrl.replace(/\/+$/, '');
  const { domainName } = event.requestContext;
  if (domainName != null && domainName !== '')
    return `https://${domainName}${splitPath(event).base}`;
  throw new Fault('misconfigured', 'The gateway does not tell its domain: set PUBLIC_BASE_URL.');
};
