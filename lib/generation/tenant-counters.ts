import { Fault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { durationText, type Rates, rateWindow } from '../wire/rates.ts';
import type { Hold } from './hold.ts';

type CountDeps = Pick<Deps, 'tenantCounts' | 'clock' | 'log'>;

type Charge = NonNullable<LiveJob['charge']>;

/** When it may be worth asking again where nobody can tell when a job ends. */
export const jobsRetryAfterMs = 10_000;

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
  const { startMs, leftMs: resetMs } = rateWindow(deps.clock.nowMs()).minute;
  const counted = await deps.tenantCounts
    .countRequest(tenant, startMs, limit)
    .catch((error: unknown) => {
      deps.log.warn('request.uncounted', { tenant, error });
      return undefined;
    });
  if (counted === undefined) return;
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
  const { name: day, leftMs: resetMs } = rateWindow(deps.clock.nowMs()).day;
  const { kind, used } = await deps.tenantCounts.reserveTokens(tenant, day, tokens, limit);
  rates.tokens = { limit, remaining: limit - used, resetMs };
  if (kind === 'over') throw refusedTokens(tokens, limit, used, resetMs);
  return { day, tokens };
};

const tooManyJobs = (limit: number): Fault =>
  new Fault(
    'too_many_queued_jobs',
    `There are ${limit} jobs that have not ended, as many as may be. Try again when one has.`,
    { retryAfterMs: jobsRetryAfterMs },
  );

const tooManyWaiting = (limit: number): Fault =>
  new Fault(
    'too_many_waiting_requests',
    `There are ${limit} jobs that have not ended, and while there are no request is held until its job has. Try again when one has, or send the request with Prefer: respond-async, or with background: true and without stream.`,
    { retryAfterMs: jobsRetryAfterMs },
  );

/**
 * Counts one more live job, and returns how many that makes. A `firm` request, which cannot be answered
 * before its end, has to be one of those that may wait. Throws Faults `too_many_queued_jobs`,
 * `too_many_waiting_requests` or `store_unavailable`.
 */
export const countJob = async (
  deps: CountDeps,
  tenant: string,
  limits: { readonly queuedJobs: number | undefined; readonly waiting: number },
  hold: Hold,
): Promise<number> => {
  const { queuedJobs = Number.MAX_SAFE_INTEGER, waiting } = limits;
  const limit = hold === 'firm' ? Math.min(queuedJobs, waiting) : queuedJobs;
  const { kind, used } = await deps.tenantCounts.countJob(tenant, limit);
  if (kind === 'counted') return used;
  throw limit < queuedJobs ? tooManyWaiting(limit) : tooManyJobs(limit);
};
