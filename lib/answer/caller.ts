import { Fault } from '../errors.ts';
import type { Submission } from '../generation/submit.ts';
import { waitMaxMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { HttpRequest } from '../wire/http.ts';
import { parsePrefer, preferenceApplied } from '../wire/prefer.ts';
import { parseRequestTimes } from '../wire/request-headers.ts';

/** The tenant that the authorizer let in. Throws Fault `invalid_api_key` on a route without one. */
export const tenantOf = (request: HttpRequest): string => {
  if (request.tenant !== undefined) return request.tenant;
  throw new Fault('invalid_api_key', 'The request carries no tenant: the authorizer let none in.');
};

/** What holds for a new job of the request's tenant, and where it is told what is left. */
export const tenantTerms = ({
  limits,
  rates,
}: HttpRequest): Pick<Submission, 'limits' | 'rates'> => ({
  limits,
  ...(rates === undefined ? {} : { rates }),
});

/** Whether the tenant may name what lives in the upstream's account. */
export const referencesOf = ({ limits }: HttpRequest): 'allowed' | 'refused' =>
  limits.upstreamObjects ? 'allowed' : 'refused';

/** What the headers of a new request say. Throws Fault `invalid_value` naming the header. */
export const callerOf = (request: HttpRequest, waitDefaultMs: number) => {
  const preferences = parsePrefer(request.headers['prefer'], waitMaxMs);
  const { respondAsync } = preferences;
  const preference = preferenceApplied(preferences);
  return {
    submission: {
      tenant: tenantOf(request),
      resultBaseUrl: request.baseUrl,
      respondAsync,
      waitMs: preferences.waitMs ?? (respondAsync ? 0 : waitDefaultMs),
      // Who has preferences about the wait knows what may come of it.
      ...(preference === undefined ? {} : { takesPending: true }),
      ...parseRequestTimes(request.headers, request.limits.resultTtlSeconds),
      ...tenantTerms(request),
    },
    preference,
  };
};

/** The key that signs result URLs. Throws Faults `store_unavailable` or `item_unreadable`. */
export const signingKey = async (deps: Pick<Deps, 'signingKeys'>): Promise<Uint8Array> => {
  const [key] = await deps.signingKeys.current();
  if (key === undefined) throw new Fault('item_unreadable', 'There is no key to sign with.');
  return key;
};
