import type { Rates } from './rates.ts';
import type { TenantLimits } from './tenant-limits.ts';

/** A request as the use cases see it, taken from API Gateway's proxy event. */
export type HttpRequest = {
  readonly method: string;
  /** The route's template, such as `/results/{id}`. */
  readonly route: string;
  readonly path: string;
  readonly requestId: string;
  /** Names in lower case; of repeated headers the values joined by ", ". */
  readonly headers: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, string>>;
  readonly pathParameters: Readonly<Record<string, string>>;
  /** The parsed JSON body; undefined for methods without one. */
  readonly body: unknown;
  /** From the authorizer; undefined on routes that need no key. */
  readonly tenant: string | undefined;
  /** Of the request's key; none on routes that need no key. */
  readonly scopes: readonly string[];
  /** Of the tenant, at most a minute old; none on routes that need no key. */
  readonly limits: TenantLimits;
  /** What the answer's `x-ratelimit-` headers are to say; filled in while it is worked out. */
  readonly rates?: Rates;
  /** Origin and stage path this request came in under, from the request context, no trailing slash. */
  readonly baseUrl: string;
};

export type HttpReply = {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** A JSON value; undefined for none. */
  readonly body?: unknown;
  /** In place of a body: server-sent events, each item whole frames. */
  readonly events?: AsyncIterable<string>;
};
