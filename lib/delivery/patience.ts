import type { CallbackOutcome } from '../callback/outcome.ts';
import { maxTenantDeliveries, slowReceiverMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';

/** The right to keep a place of the sandbox busy with one receiver; `leave` gives it back. */
export type Place = { leave(outcome: CallbackOutcome | undefined): void };

/** How one sandbox divides its places among tenants, and what it knows of slow receivers. */
export type Patience = {
  /** Undefined: not now. */
  enter(tenant: string, url: string): Place | undefined;
};

const maxRemembered = 1_000;

const isSlow = (outcome: CallbackOutcome | undefined): boolean =>
  outcome?.kind === 'failed' && outcome.why === 'timed_out';

/**
 * A function handles ten deliveries at once and ends with the last of them, which may hang for 15 s. So
 * that a tenant's dead receivers do not take all of its time, a tenant has at most half of the places,
 * and a receiver that has timed out is left alone for a minute, after which one attempt tries it.
 */
export const newPatience = (clock: Pick<Clock, 'nowMs'>): Patience => {
  const ofTenant = new Map<string, number>();
  /** Receivers that have timed out, and when one attempt may see whether they still do. */
  const slowUntilMs = new Map<string, number>();

  const count = (tenant: string, by: number): void => {
    const next = (ofTenant.get(tenant) ?? 0) + by;
    if (next > 0) ofTenant.set(tenant, next);
    else ofTenant.delete(tenant);
  };

  const markSlow = (receiver: string): void => {
    slowUntilMs.delete(receiver);
    slowUntilMs.set(receiver, clock.nowMs() + slowReceiverMs);
    const [oldest] = slowUntilMs.keys();
    if (slowUntilMs.size > maxRemembered && oldest !== undefined) slowUntilMs.delete(oldest);
  };

  return {
    enter(tenant, url) {
      const receiver = `${tenant} ${url.split('?')[0]}`;
      if ((ofTenant.get(tenant) ?? 0) >= maxTenantDeliveries) return undefined;
      const untilMs = slowUntilMs.get(receiver);
      if (untilMs !== undefined) {
        if (untilMs > clock.nowMs()) return undefined;
        // This attempt is the one; the others go on waiting for what it finds.
        markSlow(receiver);
      }
      count(tenant, 1);
      return {
        leave: (outcome) => {
          count(tenant, -1);
          if (isSlow(outcome)) markSlow(receiver);
          else if (outcome !== undefined) slowUntilMs.delete(receiver);
        },
      };
    },
  };
};
