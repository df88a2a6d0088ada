import { Fault, type FaultCode, type RetryReading } from '../../errors.ts';
import { clientWords, errorName } from '../client-words.ts';
import { entryOf, isJsonObject, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

const later: RetryReading = { kind: 'later', afterMs: 0 };

/** Codes and types of errors that may be gone the next time; every other names a reason to stop. */
const transient: Readonly<Record<string, FaultCode>> = {
  server_error: 'upstream_error',
  internal_error: 'upstream_error',
  internal_server_error: 'upstream_error',
  api_error: 'upstream_error',
  timeout: 'upstream_error',
  vector_store_timeout: 'upstream_error',
  rate_limit_exceeded: 'upstream_rate_limited',
  rate_limit_error: 'upstream_rate_limited',
  overloaded_error: 'upstream_unavailable',
  service_unavailable: 'upstream_unavailable',
};

const refusedKey: readonly string[] = [
  'authentication_error',
  'invalid_api_key',
  'permission_error',
];

const transientMessages: Partial<Readonly<Record<FaultCode, string>>> = {
  upstream_rate_limited: 'The upstream limits the rate of requests.',
  upstream_unavailable: 'The upstream is unavailable.',
};

type Said = {
  readonly code: string | undefined;
  readonly type: string | undefined;
  readonly param: string | undefined;
  readonly message: string | undefined;
};

const read = (error: JsonObject): Said => ({
  code: typeof error['code'] === 'number' ? `${error['code']}` : stringOf(error['code']),
  type: stringOf(error['type']),
  param: stringOf(error['param']),
  message: stringOf(error['message']),
});

/** Servers that give a number give the HTTP status they would have answered with. */
const ofStatus = (code: string | undefined): FaultCode | undefined => {
  if (code === undefined || !/^[45]\d\d$/.test(code)) return undefined;
  if (code === '429') return 'upstream_rate_limited';
  if (code === '503' || code === '529') return 'upstream_unavailable';
  return code === '408' || code === '409' || code.startsWith('5') ? 'upstream_error' : undefined;
};

/** The code decides; the type only where the code is none or unknown to be transient. */
const transientCode = ({ code, type }: Said): FaultCode | undefined => {
  if (code === 'insufficient_quota' || type === 'insufficient_quota') return undefined;
  if (code === undefined && (type === undefined || type === 'error')) return 'upstream_error';
  return ofStatus(code) ?? entryOf(transient, code ?? '') ?? entryOf(transient, type ?? '');
};

/** An error that an upstream told inside its stream, with the reading its status would have had. */
export const upstreamErrorFault = (error: unknown): Fault => {
  const said = read(isJsonObject(error) ? error : {});
  const { code, type, param, message } = said;
  if ([code ?? '', type ?? ''].some((name) => refusedKey.includes(name)) || code === '401') {
    return new Fault(
      'upstream_credentials',
      "The upstream refused this service's own key, not the one of this request.",
      { cause: error },
    );
  }
  const retried = transientCode(said);
  if (retried !== undefined) {
    return new Fault(retried, transientMessages[retried] ?? 'The upstream failed.', {
      retry: later,
      cause: error,
    });
  }
  return new Fault(
    'upstream_rejected',
    clientWords(message ?? 'The upstream refused the request.'),
    {
      reported: {
        status: code === 'insufficient_quota' ? 429 : 400,
        type: (type === 'error' ? undefined : errorName(type)) ?? 'invalid_request_error',
        param: param === undefined ? null : clientWords(param),
        code: errorName(code) ?? 'invalid_request',
      },
      cause: error,
    },
  );
};

/** For what is no event of the protocol. */
export const malformedEvent = (what: string): Fault =>
  new Fault('upstream_malformed', `The upstream sent something that is not ${what}.`, {
    retry: later,
  });
