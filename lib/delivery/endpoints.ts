import { rotateKeys } from '../callback/keys.ts';
import type { CallbackOutcome } from '../callback/outcome.ts';
import { readOutcome } from '../callback/schedule.ts';
import { callbackKeyBytes } from '../callback/sign.ts';
import { testEvent } from '../callback/test-event.ts';
import { Fault } from '../errors.ts';
import { maxCallbackEndpoints } from '../limits.ts';
import type { CallbackEndpoint } from '../ports/callbacks.ts';
import type { Deps } from '../ports.ts';
import type { CallbackRequest } from '../wire/callback-request.ts';
import { postSigned } from './post-signed.ts';

export type EndpointDeps = Pick<Deps, 'endpoints' | 'callbacks' | 'clock' | 'ids' | 'log'>;

const tries = 4;

/** Throws Faults `invalid_value` when there are 20 already, and `store_unavailable`. */
export const createEndpoint = async (
  deps: EndpointDeps,
  tenant: string,
  { url, events }: CallbackRequest,
): Promise<CallbackEndpoint> => {
  if ((await deps.endpoints.list(tenant)).length >= maxCallbackEndpoints) {
    throw new Fault(
      'invalid_value',
      `There are ${maxCallbackEndpoints} callback endpoints already, the most there can be. Delete one first.`,
    );
  }
  const nowMs = deps.clock.nowMs();
  const endpoint: CallbackEndpoint = {
    id: `cbe_${deps.ids.next()}`,
    tenant,
    url,
    events,
    createdAtMs: nowMs,
    keys: rotateKeys([], deps.ids.secretBytes(callbackKeyBytes), nowMs),
    rev: 1,
  };
  await deps.endpoints.create(endpoint);
  deps.log.info('endpoint.created', { tenant, endpointId: endpoint.id });
  return endpoint;
};

/**
 * Writes what `change` makes of the endpoint as it then is; undefined when it is there no more. Throws
 * Fault `store_unavailable`.
 */
const changeEndpoint = async (
  deps: EndpointDeps,
  seen: CallbackEndpoint,
  change: (endpoint: CallbackEndpoint) => CallbackEndpoint,
): Promise<CallbackEndpoint | undefined> => {
  let endpoint: CallbackEndpoint | undefined = seen;
  for (let tried = 0; tried < tries; tried += 1) {
    if (endpoint === undefined) return undefined;
    const next: CallbackEndpoint = { ...change(endpoint), rev: endpoint.rev + 1 };
    if ((await deps.endpoints.save(next)) === 'saved') return next;
    endpoint = await deps.endpoints.find(seen.tenant, seen.id);
  }
  throw new Fault('store_unavailable', 'The endpoint changes too fast. Please try again.', {
    retryAfterMs: 1_000,
  });
};

/** A new secret; the one before signs along for 24 h. */
export const rotateEndpoint = (
  deps: EndpointDeps,
  seen: CallbackEndpoint,
): Promise<CallbackEndpoint | undefined> => {
  const key = deps.ids.secretBytes(callbackKeyBytes);
  const nowMs = deps.clock.nowMs();
  return changeEndpoint(deps, seen, (endpoint) => ({
    ...endpoint,
    keys: rotateKeys(endpoint.keys, key, nowMs),
  }));
};

export type EndpointTest = {
  readonly webhookId: string;
  readonly outcome: CallbackOutcome;
  readonly endpoint: CallbackEndpoint;
};

/**
 * Sends one event now. An endpoint that was disabled and answers it with 2xx is enabled again; that it
 * fails changes nothing.
 */
export const testEndpoint = async (
  deps: EndpointDeps,
  endpoint: CallbackEndpoint,
  signal: AbortSignal,
): Promise<EndpointTest> => {
  const { url, keys, id } = endpoint;
  const { webhookId, body } = testEvent(id, deps.ids.next(), deps.clock.nowMs());
  const outcome = await postSigned(deps, { url, keys, id: webhookId, body }, signal);
  if (readOutcome(outcome) !== 'delivered' || endpoint.disabled === undefined) {
    return { webhookId, outcome, endpoint };
  }
  const enabled = await changeEndpoint(deps, endpoint, (one) => ({
    ...one,
    disabled: undefined,
    failingSinceMs: undefined,
  }));
  deps.log.info('endpoint.enabled', { tenant: endpoint.tenant, endpointId: id });
  return { webhookId, outcome, endpoint: enabled ?? endpoint };
};
