import { type Refusal, refusal } from './refusal.ts';

/** Faults that are an error answer in OpenAI's shape. */
const refusalFaults = [
  '400',
  '401',
  '403',
  '404',
  '408',
  '409',
  '422',
  '429',
  '500',
  '503',
  'context_length',
  'content_policy',
  'insufficient_quota',
  'should_retry_false',
  'no_stream',
] as const;
/** Faults that happen instead of an answer. */
const headFaults = ['html', 'no_headers', 'reset'] as const;
/** Faults that happen once the tokens of `after=` are out. */
const tokenFaults = ['stall', 'cut', 'end', 'malformed', 'error_event', 'fail', 'filter'] as const;
/** Faults in how an answer is carried. */
const carriageFaults = ['no_first_token', 'no_done', 'drip', 'unicode'] as const;

/** The faults a model name can ask for with `fault=`. */
export const faultNames = [
  ...refusalFaults,
  ...headFaults,
  ...tokenFaults,
  ...carriageFaults,
] as const;

export type FaultName = (typeof faultNames)[number];
type RefusalFault = (typeof refusalFaults)[number];
type HeadFault = (typeof headFaults)[number];
type TokenFault = (typeof tokenFaults)[number];

/** The fault of that name; null when there is none. */
export function findFault(name: string): FaultName | null {
  return oneOf(faultNames, name);
}

/** The fault, when it is one that happens instead of an answer. */
export function headFaultIn(fault: FaultName | null): HeadFault | null {
  return oneOf(headFaults, fault);
}

/** The fault, when it is one that happens once the tokens of `after=` are out. */
export function tokenFaultIn(fault: FaultName | null): TokenFault | null {
  return oneOf(tokenFaults, fault);
}

function oneOf<Name extends string>(names: readonly Name[], sought: string | null): Name | null {
  return names.find((name) => name === sought) ?? null;
}

/** The error answer of a fault that is one; null for the other faults. */
export function refusalOf(fault: FaultName, model: string): Refusal | null {
  const name = oneOf(refusalFaults, fault);
  if (name === null) return null;
  return name === '404' ? modelNotFound(model) : refusals[name];
}

const refusals: Readonly<Record<Exclude<RefusalFault, '404'>, Refusal>> = {
  400: refusal(400, 'Demo fault: the request was refused as invalid.'),
  401: refusal(401, 'Demo fault: incorrect API key provided.', { code: 'invalid_api_key' }),
  // Type and code as OpenAI sends them for a region it does not serve.
  403: refusal(403, 'Demo fault: country, region, or territory not supported.', {
    type: 'request_forbidden',
    code: 'unsupported_country_region_territory',
  }),
  408: refusal(408, 'Demo fault: the request timed out.', { type: 'timeout' }),
  409: refusal(409, 'Demo fault: the request conflicts with another one.'),
  422: refusal(422, 'Demo fault: the request could not be processed.'),
  429: refusal(429, 'Demo fault: rate limit reached for requests.', {
    type: 'requests',
    code: 'rate_limit_exceeded',
  }),
  500: serverError(500, 'Demo fault: the server had an error.'),
  503: serverError(503, 'Demo fault: the model is overloaded.'),
  context_length: refusal(400, "Demo fault: the messages exceed the model's context length.", {
    param: 'messages',
    code: 'context_length_exceeded',
  }),
  content_policy: refusal(400, 'Demo fault: the request was rejected by the safety system.', {
    code: 'content_policy_violation',
  }),
  insufficient_quota: refusal(429, 'Demo fault: the current quota is used up.', {
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  }),
  should_retry_false: refusal(500, 'Demo fault: the server had an error; do not retry.', {
    type: 'server_error',
    headers: { 'x-should-retry': 'false' },
  }),
  no_stream: refusal(400, 'Demo fault: this model cannot be streamed for your organization.', {
    param: 'stream',
    code: 'unsupported_value',
  }),
};

/** OpenAI's answer for a model that is not there, or not for this key. */
export function modelNotFound(model: string): Refusal {
  const shown = model.slice(0, 200);
  return refusal(404, `The model \`${shown}\` does not exist; demo models start with \`demo\`.`, {
    code: 'model_not_found',
  });
}

/** A 5xx in OpenAI's shape. */
export function serverError(status: number, message: string): Refusal {
  return refusal(status, message, { type: 'server_error' });
}
