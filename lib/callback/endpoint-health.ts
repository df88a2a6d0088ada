import type { EpochMs } from '../job/time.ts';
import { deliveryLifeMs } from '../limits.ts';
import type { CallbackOutcome } from './outcome.ts';
import { readOutcome } from './schedule.ts';

/** How an endpoint has been doing, over all deliveries to it. */
export type EndpointHealth = {
  /** The first failure since it last answered 2xx. */
  readonly failingSinceMs?: EpochMs | undefined;
  /** `gone`: it answered 410. `failing`: 5 days without one success. */
  readonly disabled?: 'gone' | 'failing' | undefined;
};

/**
 * The endpoint's health after one more delivery attempt. A success clears everything but a
 * disablement, which only its owner takes back.
 */
export const healthAfter = (
  before: EndpointHealth,
  outcome: CallbackOutcome,
  nowMs: EpochMs,
): EndpointHealth => {
  const reading = readOutcome(outcome);
  if (reading === 'delivered') return { disabled: before.disabled };
  const failingSinceMs = before.failingSinceMs ?? nowMs;
  const dead = nowMs - failingSinceMs >= deliveryLifeMs;
  const now = reading === 'gone' ? 'gone' : dead ? 'failing' : undefined;
  return { failingSinceMs, disabled: before.disabled ?? now };
};
