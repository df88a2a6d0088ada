type Headers = Readonly<Record<string, string>>;

const readableHeaders = [
  'x-request-id, Retry-After, Location, Preference-Applied, Idempotent-Replayed',
  ...['limit', 'remaining', 'reset'].flatMap((what) =>
    ['requests', 'tokens'].map((of) => `x-ratelimit-${what}-${of}`),
  ),
].join(', ');
const usualRequestHeaders =
  'Authorization, Content-Type, Idempotency-Key, Prefer, X-Deadline-Ms, X-Result-TTL';

const allows = (origins: readonly string[], origin: string | undefined): origin is string =>
  origin !== undefined && (origins.includes(origin) || origins.includes('*'));

/**
 * What lets a page of an allowed origin read a reply. Keys travel in Authorization, never in cookies,
 * so credentials are not allowed.
 */
export const corsHeaders = (origins: readonly string[], origin: string | undefined): Headers => ({
  ...(origins.length > 0 ? { vary: 'Origin' } : {}),
  ...(allows(origins, origin)
    ? {
        'access-control-allow-origin': origin,
        'access-control-expose-headers': readableHeaders,
      }
    : {}),
});

type Preflight = {
  readonly origin: string | undefined;
  readonly methods: readonly string[];
  /** The names the browser asks for. OpenAI's client adds some of its own, so they are granted as asked. */
  readonly requestedHeaders: string | undefined;
};

/** The answer to a preflight request; no grant for an origin that is not allowed. */
export const preflightHeaders = (origins: readonly string[], asked: Preflight): Headers => {
  if (!allows(origins, asked.origin)) return corsHeaders(origins, asked.origin);
  const names = asked.requestedHeaders ?? '';
  return {
    ...corsHeaders(origins, asked.origin),
    'access-control-allow-methods': asked.methods.join(', '),
    'access-control-allow-headers': /^[\w, -]+$/.test(names) ? names : usualRequestHeaders,
    'access-control-max-age': '600',
  };
};
