import { Fault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import { after, type EpochMs, epochMs } from '../job/time.ts';
import type { Deps } from '../ports.ts';
import { durationText, type Rates } from '../wire/rates.ts';

type CountDeps = Pick<Deps, 'tenantCounts' | 'clock' | 'log'>;

type Charge = NonNullable<LiveJob['charge']>;

const minuteMs = 60_000;
const dayMs = 24 * 60 * minuteMs;
/** When it may be worth asking again where nobody can tell when a job ends. */
export const jobsRetryAfterMs = 10_000;

/** When the minute or the day of the clock ends, in UTC. */
const endOf = (nowMs: EpochMs, lengthMs: number): EpochMs =>
  epochMs((Math.floor(nowMs / lengthMs) + 1) * lengthMs);

const tooMany = (type: 'requests' | 'tokens', message: string, retryAfterMs: number): Fault =>
  new Fault('rate_limit_exceeded', message, {
    retryAfterMs,
    reported: { status: 429, type, param: null, code: 'rate_limit_exceeded' },
  });

/** Throws Fault `rate_limit_exceeded`. A counter that does not answer refuses nobody. */
export const countRequest = async (
  deps: CountDeps,
  tenant: string,
  limit: number,
  rates: Rates,
): Promise<void> => {
  const nowMs = deps.clock.nowMs();
  const endMs = endOf(nowMs, minuteMs);
  const counted = await deps.tenantCounts
    .countRequest(tenant, after(endMs, -minuteMs), limit)
    .catch((error: unknown) => {
      deps.log.warn('request.uncounted', { tenant, error });
      return undefined;
    });
  if (counted === undefined) return;
  const resetMs = endMs - nowMs;
  rates.requests = { limit, remaining: limit - counted.used, resetMs };
  if (counted.kind === 'counted') return;
  throw tooMany(
    'requests',
    `Rate limit reached: ${limit} requests per minute. Try again in ${durationText(resetMs)}.`,
    resetMs,
  );
};

const refusedTokens = (tokens: number, limit: number, used: number, resetMs: number): Fault =>
  tooMany(
    'tokens',
    tokens > limit
      ? `The request may take up to ${tokens} tokens, which is more than the ${limit} of a whole day. Ask for less output, or shorten the input.`
      : `Rate limit reached: ${limit} tokens per day, of which ${used} are used or reserved; the request may take up to ${tokens}. Try again in ${durationText(resetMs)}, or ask for less output.`,
    resetMs,
  );

/**
 * Reserves what the request may take: its input by estimate, and `outputTokens` at most. Throws
 * Fault `rate_limit_exceeded`, or `store_unavailable`: what cannot be reserved must not be spent.
 */
export const reserveTokens = async (
  deps: CountDeps,
  { tenant, inputTokens = 0 }: LiveJob,
  outputTokens: number,
  limit: number,
  rates: Rates,
): Promise<Pick<Charge, 'day' | 'tokens'>> => {
  const tokens = inputTokens + outputTokens;
  const nowMs = deps.clock.nowMs();
  const resetMs = endOf(nowMs, dayMs) - nowMs;
  const day = new Date(nowMs).toISOString().slice(0, 'yyyy-mm-dd'.length);
  const { kind, used } = await deps.tenantCounts.reserveTokens(tenant, day, tokens, limit);
  rates.tokens = { limit, remaining: limit - used, resetMs };
  if (kind === 'over') throw refusedTokens(tokens, limit, used, resetMs);
  return { day, tokens };
};

/** Throws Faults `too_many_queued_jobs` or `store_unavailable`. */
export const countJob = async (
  deps: CountDeps,
  tenant: string,
  limit: number,
): Promise<Pick<Charge, 'isCounted'>> => {
  const { kind } = await deps.tenantCounts.countJob(tenant, limit);
  if (kind === 'counted') return { isCounted: true };
  throw new Fault(
    'too_many_queued_jobs',
    `There are ${limit} jobs that have not ended, as many as may be. Try again when one has.`,
    { retryAfterMs: jobsRetryAfterMs },
  );
};
