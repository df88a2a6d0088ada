/**
 * The one family of faults. A fault is made where it is recognised (an adapter, a parser), with a
 * code, a reading for whoever retries and the cause; it is read in two places, as an HTTP error and
 * as a redelivery. Nothing matches on message text.
 */

type FaultKind = { readonly status: number; readonly type: string };

const invalid = (status: number): FaultKind => ({ status, type: 'invalid_request_error' });
/** OpenAI's type says what there was too much of: `requests` or `tokens`. */
const limited: FaultKind = { status: 429, type: 'requests' };
const upstream = (status: number): FaultKind => ({ status, type: 'upstream_error' });
const server = (status: number): FaultKind => ({ status, type: 'server_error' });

const faults = {
  invalid_json: invalid(400),
  invalid_value: invalid(400),
  missing_required_parameter: invalid(400),
  unknown_parameter: invalid(400),
  invalid_api_key: invalid(401),
  invalid_signature: invalid(403),
  /** The key is good, but was not made for this. */
  insufficient_scope: invalid(403),
  not_found: invalid(404),
  method_not_allowed: invalid(405),
  result_expired: invalid(410),
  body_too_large: invalid(413),
  unsupported_media_type: invalid(415),
  /** The tenant may not ask for this model. */
  model_not_allowed: invalid(403),
  /** The key stands for another request. */
  idempotency_key_reused: invalid(422),

  /** Of the tenant: requests per minute, or tokens per day. */
  rate_limit_exceeded: limited,
  too_many_queued_jobs: limited,
  /** Its client would have to be waited with, and knows no other answer. */
  too_many_waiting_requests: limited,
  too_many_jobs_in_flight: limited,

  /** The upstream refused our key: the client can do nothing about it. */
  upstream_credentials: upstream(502),
  /** The upstream refused the request itself; its own error is reported. */
  upstream_rejected: upstream(400),
  upstream_unreachable: upstream(502),
  upstream_rate_limited: upstream(503),
  upstream_unavailable: upstream(503),
  upstream_error: upstream(502),
  /** No event came in time, at the start or between two events. */
  upstream_stalled: upstream(502),
  /** The stream broke off or ended without its finish event. */
  upstream_cut: upstream(502),
  upstream_malformed: upstream(502),
  /** A background generation is not there any more, or cannot be resumed. */
  upstream_lost: upstream(502),

  generation_too_long: upstream(502),
  /** The model server did not stop where any model does. */
  output_too_large: upstream(502),
  deadline_exceeded: server(503),
  worker_lost: server(502),
  store_unavailable: server(503),
  queue_unavailable: server(503),
  item_unreadable: server(500),
  /** Written by a later version of this code: whoever runs that can read it. */
  item_newer: server(503),
  misconfigured: server(500),
  internal_error: server(500),
} as const satisfies Record<string, FaultKind>;

export type FaultCode = keyof typeof faults;

/** Whether and how a failed generation may be tried again. `afterMs` is what the upstream asked for. */
export type RetryReading =
  | { readonly kind: 'never' }
  /** Worth one repetition inside the attempt when nothing was put out yet; else as `later`. */
  | { readonly kind: 'quick'; readonly afterMs: number }
  | { readonly kind: 'later'; readonly afterMs: number };

/** An upstream's own error, reported to the client in place of ours. */
export type ReportedError = {
  readonly status: number;
  readonly type: string;
  readonly param: string | null;
  readonly code: string;
};

type FaultOptions = {
  readonly param?: string;
  readonly retry?: RetryReading;
  readonly reported?: ReportedError;
  /** What the HTTP answer's Retry-After says, in milliseconds. */
  readonly retryAfterMs?: number;
  readonly cause?: unknown;
};

export class Fault extends Error {
  override readonly name = 'Fault';
  readonly code: FaultCode;
  readonly retry: RetryReading;
  readonly retryAfterMs: number | undefined;
  /** The client-facing reading: HTTP status and OpenAI's error fields. */
  readonly reported: ReportedError;

  constructor(code: FaultCode, message: string, options: FaultOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retry = options.retry ?? { kind: 'never' };
    this.retryAfterMs = options.retryAfterMs;
    this.reported = options.reported ?? {
      status: faults[code].status,
      type: faults[code].type,
      param: options.param ?? null,
      code,
    };
  }
}

/** Any thrown value as a fault: what is not one is an internal error whose text stays in the log. */
export const toFault = (thrown: unknown): Fault =>
  thrown instanceof Fault
    ? thrown
    : new Fault('internal_error', 'The service failed unexpectedly. Please try again.', {
        retry: { kind: 'later', afterMs: 0 },
        cause: thrown,
      });

/** Makes a switch on a union fail to compile when a case is missing. */
export const assertNever = (value: never): never => {
  throw new Error(`Unexpected value: ${JSON.stringify(value)}`);
};
