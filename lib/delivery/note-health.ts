import { healthAfter } from '../callback/endpoint-health.ts';
import type { CallbackOutcome } from '../callback/outcome.ts';
import type { CallbackEndpoint } from '../ports/callbacks.ts';
import type { Deps } from '../ports.ts';

const tries = 4;

/**
 * What an attempt's outcome says about its endpoint, for all deliveries to it. Nothing is written while
 * nothing changes. Never throws: the next outcome says it again.
 */
export const noteHealth = async (
  deps: Pick<Deps, 'endpoints' | 'clock' | 'log'>,
  seen: CallbackEndpoint,
  outcome: CallbackOutcome,
): Promise<void> => {
  const { tenant, id: endpointId } = seen;
  let endpoint: CallbackEndpoint | undefined = seen;
  try {
    for (let tried = 0; tried < tries && endpoint !== undefined; tried += 1) {
      const { failingSinceMs, disabled } = endpoint;
      const after = healthAfter({ failingSinceMs, disabled }, outcome, deps.clock.nowMs());
      if (after.failingSinceMs === failingSinceMs && after.disabled === disabled) return;
      const { failingSinceMs: _, disabled: _disabled, ...rest } = endpoint;
      if ((await deps.endpoints.save({ ...rest, ...after, rev: endpoint.rev + 1 })) === 'saved') {
        if (after.disabled !== disabled) {
          deps.log.warn('endpoint.disabled', { tenant, endpointId, why: after.disabled });
        }
        return;
      }
      endpoint = await deps.endpoints.find(tenant, endpointId);
    }
  } catch (error) {
    deps.log.warn('endpoint.unnoted', { tenant, endpointId, error });
  }
};
