import type { Clock, Log } from '../ports/system.ts';
import type { TenantUsage } from '../ports/tenants.ts';
import { type Rates, rateWindow } from '../wire/rates.ts';

export type RatesLeftDeps = {
  readonly usage: TenantUsage;
  readonly clock: Clock;
  readonly log: Log;
};

/** A store that has not told by then is not waited for: the answer tells the limit alone. */
const patienceMs = 300;

/**
 * Fills in what is left of a tenant's rate limits where the request was not counted by them. One read
 * for each, and none for a tenant without. Never throws.
 */
export const lookUpRates = async (
  { usage, clock, log }: RatesLeftDeps,
  tenant: string | undefined,
  rates: Rates,
): Promise<void> => {
  const { requests, tokens } = rates;
  const isTold = (rate: Rates['requests']) => rate === undefined || rate.remaining !== undefined;
  if (tenant === undefined || (isTold(requests) && isTold(tokens))) return;
  const { minute, day } = rateWindow(clock.nowMs());
  const looks = [
    isTold(requests) || requests === undefined
      ? undefined
      : usage.requests(tenant, minute.startMs).then((used) => {
          rates.requests = {
            ...requests,
            remaining: requests.limit - used,
            resetMs: minute.leftMs,
          };
        }),
    isTold(tokens) || tokens === undefined
      ? undefined
      : usage.tokens(tenant, day.name).then((used) => {
          rates.tokens = { ...tokens, remaining: tokens.limit - used, resetMs: day.leftMs };
        }),
  ];
  const done = new AbortController();
  const tooLate = clock.sleep(patienceMs, done.signal).catch(() => undefined);
  try {
    await Promise.race([Promise.all(looks), tooLate]);
  } catch (error) {
    log.warn('rates.unread', { tenant, error });
  } finally {
    done.abort();
  }
};
