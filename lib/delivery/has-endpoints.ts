import { Fault } from '../errors.ts';
import { hasEndpointsFreshMs, hasNoEndpointsFreshMs } from '../limits.ts';
import type { Deps } from '../ports.ts';

/** Whether a tenant has endpoints, as this sandbox knows it: at most a minute old, or a few seconds. */
export type EndpointWatch = (tenant: string) => Promise<boolean>;

const maxTenants = 1_000;
/** A client waits for the answer, and the table is asked for more than this. */
const patienceMs = 500;

const readEndpoints = async (
  deps: Pick<Deps, 'endpoints' | 'clock'>,
  tenant: string,
): Promise<boolean> => {
  const done = new AbortController();
  const tooLate = deps.clock.sleep(patienceMs, done.signal).then(() => {
    throw new Fault('store_unavailable', 'The store does not answer in time.');
  });
  try {
    return (await Promise.race([deps.endpoints.list(tenant), tooLate])).length > 0;
  } finally {
    tooLate.catch(() => undefined);
    done.abort();
  }
};

/**
 * Asked once for each job that is accepted, so that its end needs no read to know that something may
 * be owed. Never throws: when it cannot be told, the end is found to owe nothing later on.
 */
export const watchEndpoints = (deps: Pick<Deps, 'endpoints' | 'clock' | 'log'>): EndpointWatch => {
  const known = new Map<string, { readonly has: boolean; readonly untilMs: number }>();
  return async (tenant) => {
    const held = known.get(tenant);
    if (held !== undefined && held.untilMs > deps.clock.nowMs()) return held.has;
    known.delete(tenant);
    try {
      const has = await readEndpoints(deps, tenant);
      const freshMs = has ? hasEndpointsFreshMs : hasNoEndpointsFreshMs;
      known.set(tenant, { has, untilMs: deps.clock.nowMs() + freshMs });
      const [oldest] = known.keys();
      if (known.size > maxTenants && oldest !== undefined) known.delete(oldest);
      return has;
    } catch (error) {
      deps.log.warn('endpoints.unread', { tenant, error });
      return true;
    }
  };
};
