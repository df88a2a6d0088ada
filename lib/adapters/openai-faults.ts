import { Fault, type FaultCode, type RetryReading } from '../errors.ts';
import { quickRetryMaxMs } from '../limits.ts';
import { clientWords, errorName } from '../wire/client-words.ts';
import type { OpenaiSdk } from './openai-client.ts';
import { readErrorBody, type UpstreamError } from './openai-error-body.ts';
import { retryAfterMs } from './openai-retry-after.ts';
import { ConnectionFailed } from './openai-transport.ts';

const later: RetryReading = { kind: 'later', afterMs: 0 };
const never: RetryReading = { kind: 'never' };

const credentials = (cause: unknown): Fault =>
  new Fault(
    'upstream_credentials',
    "The upstream refused this service's own key, not the one of this request.",
    { retry: never, cause },
  );

/** The upstream's own refusal, passed on. */
const rejected = (status: number, error: UpstreamError, retry: RetryReading, cause: unknown) =>
  new Fault(
    'upstream_rejected',
    clientWords(error.message ?? `The upstream refused the request (${status}).`),
    {
      retry,
      reported: {
        status,
        type: errorName(error.type) ?? 'invalid_request_error',
        param: error.param === undefined ? null : clientWords(error.param),
        code: (error.code === `${status}` ? undefined : errorName(error.code)) ?? 'invalid_request',
      },
      cause,
    },
  );

const retriedStatuses: readonly number[] = [408, 409, 425, 429];
const isRetried = (status: number): boolean => retriedStatuses.includes(status) || status >= 500;

const isSpent = (error: UpstreamError | undefined): boolean =>
  error?.code === 'insufficient_quota' || error?.type === 'insufficient_quota';

/** 529 is what some providers answer while they are overloaded. */
const failureCode = (status: number): FaultCode => {
  if (status === 429) return 'upstream_rate_limited';
  return status === 503 || status === 529 ? 'upstream_unavailable' : 'upstream_error';
};

const failureMessage = (status: number): string => {
  if (status === 429) return 'The upstream limits the rate of requests (429).';
  if (status === 503 || status === 529) return `The upstream is unavailable (${status}).`;
  if (status < 400) return `The upstream answered with a redirect (${status}); none is followed.`;
  return `The upstream failed (${status}).`;
};

type Answer = { readonly status: number; readonly headers: Headers; readonly body: unknown };

const answerFault = ({ status, headers, body }: Answer, nowMs: number, cause: unknown): Fault => {
  if (status === 401 || status === 403) return credentials(cause);
  const error = readErrorBody(body);
  const asked = headers.get('x-should-retry');
  const isFinal = isSpent(error) || asked === 'false' || (asked !== 'true' && !isRetried(status));
  const waitMs = retryAfterMs(headers, nowMs);
  const isQuick =
    (status === 429 || status === 503) && waitMs !== undefined && waitMs <= quickRetryMaxMs;
  const retry: RetryReading = isFinal
    ? never
    : { kind: isQuick ? 'quick' : 'later', afterMs: waitMs ?? 0 };
  const isOfRequest = status >= 400 && status < 500 && (isFinal || !isRetried(status));
  // A 404 that is not in the protocol's words is a wrong base URL.
  if (isOfRequest && (error !== undefined || status !== 404)) {
    return rejected(status, error ?? {}, retry, cause);
  }
  return new Fault(failureCode(status), failureMessage(status), {
    retry,
    ...(isFinal || waitMs === undefined ? {} : { retryAfterMs: waitMs }),
    cause,
  });
};

/** What the names of an error inside a stream would have been as a status; others may be retried. */
const statusOfName: Readonly<Record<string, number>> = {
  authentication_error: 401,
  bio_policy: 400,
  content_filter: 400,
  content_policy_violation: 400,
  context_length_exceeded: 400,
  data_residency_mismatch: 400,
  empty_image_file: 400,
  image_content_policy_violation: 400,
  image_file_too_large: 400,
  image_parse_error: 400,
  image_too_large: 400,
  image_too_small: 400,
  insufficient_quota: 429,
  invalid_api_key: 401,
  invalid_base64_image: 400,
  invalid_image: 400,
  invalid_image_format: 400,
  invalid_image_mode: 400,
  invalid_image_url: 400,
  invalid_prompt: 400,
  misalignment_policy_violation: 400,
  invalid_request_error: 400,
  overloaded_error: 503,
  permission_error: 403,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  server_is_overloaded: 503,
  service_unavailable: 503,
  unsupported_image_media_type: 400,
};

/** The fault of an error that came as an event, after a successful status. */
export const eventFault = (body: unknown, nowMs: number, cause?: unknown): Fault => {
  const error = readErrorBody(body);
  const numeric = Number(error?.code);
  const status =
    Number.isInteger(numeric) && numeric >= 400 && numeric < 600
      ? numeric
      : (statusOfName[error?.code ?? ''] ?? statusOfName[error?.type ?? ''] ?? 500);
  return answerFault({ status, headers: new Headers(), body: { error } }, nowMs, cause);
};

export const malformed = (cause: unknown): Fault =>
  new Fault('upstream_malformed', 'The upstream sent something that cannot be read as an answer.', {
    retry: later,
    cause,
  });

export const cut = (cause: unknown): Fault =>
  new Fault('upstream_cut', 'The upstream broke off before the end of its answer.', {
    retry: later,
    cause,
  });

export const lost = (cause: unknown): Fault =>
  new Fault('upstream_lost', 'The upstream does not hold this generation, or cannot resume it.', {
    retry: later,
    cause,
  });

export const stalled = (limitMs: number): Fault =>
  new Fault('upstream_stalled', `The upstream sent nothing for ${Math.round(limitMs / 1000)} s.`, {
    retry: later,
  });

const connectionFault = (failed: ConnectionFailed): Fault => {
  if (failed.reason === 'garbled') return malformed(failed);
  if (failed.reason === 'lost') return cut(failed);
  return new Fault('upstream_unreachable', `The upstream cannot be reached (${failed.code}).`, {
    retry: { kind: 'quick', afterMs: 0 },
    cause: failed,
  });
};

/** Anything that the SDK, its transport or the reading of its events throws, as a fault. */
export const upstreamFault = (sdk: OpenaiSdk, thrown: unknown, nowMs: number): Fault => {
  if (thrown instanceof Fault) return thrown;
  if (thrown instanceof sdk.APIConnectionError) {
    return thrown.cause instanceof ConnectionFailed ? connectionFault(thrown.cause) : cut(thrown);
  }
  if (thrown instanceof sdk.APIError) {
    const { status, headers, error } = thrown;
    return status === undefined || headers === undefined
      ? eventFault(error, nowMs, thrown)
      : answerFault({ status, headers, body: error }, nowMs, thrown);
  }
  // The SDK throws this for an event that is not JSON; a broken connection is a TypeError or an Error.
  return thrown instanceof SyntaxError ? malformed(thrown) : cut(thrown);
};
