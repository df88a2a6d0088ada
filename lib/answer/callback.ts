import type { EndpointWatch } from '../delivery/has-endpoints.ts';
import { admitTarget, type CallbackRequest } from '../wire/callback-request.ts';
import type { HttpRequest } from '../wire/http.ts';
import { tenantOf } from './caller.ts';

/** What decides about callbacks when a job is accepted. */
export type CallbackDeps = {
  readonly hasEndpoints: EndpointWatch;
  readonly allowHttpLoopback: boolean;
};

/**
 * What a new job has to know of its callbacks. Throws Fault `invalid_value` naming `callback.url` for
 * one that may not be called.
 */
export const callbacksOf = async (
  deps: CallbackDeps,
  request: HttpRequest,
  callback: CallbackRequest | undefined,
): Promise<{
  readonly callback?: { url: string; events?: string[] };
  readonly notify?: true;
}> => {
  if (callback !== undefined) {
    const hosts = request.limits.callbackHosts;
    admitTarget(callback.url, 'callback.url', {
      allowHttpLoopback: deps.allowHttpLoopback,
      hosts,
    });
  }
  const { url, events } = callback ?? {};
  return {
    ...(url === undefined
      ? {}
      : { callback: { url, ...(events === undefined ? {} : { events: [...events] }) } }),
    ...((await deps.hasEndpoints(tenantOf(request))) ? { notify: true } : {}),
  };
};
