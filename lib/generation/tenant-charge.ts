import { Fault } from '../errors.ts';
import { waitingFromTheStart } from '../job/create.ts';
import type { LiveJob } from '../job/job.ts';
import { after } from '../job/time.ts';
import { turnKey } from '../job/turn-key.ts';
import type { Deps } from '../ports.ts';
import type { Rates } from '../wire/rates.ts';
import type { TenantLimits } from '../wire/tenant-limits.ts';
import { patienceMs, pausesMs } from './accept.ts';
import { persist } from './fenced-write.ts';
import { countJob, countRequest, jobsRetryAfterMs, reserveTokens } from './tenant-counters.ts';

type ChargeDeps = Pick<Deps, 'tenantCounts' | 'tenantTurns' | 'clock' | 'log'>;

type Charge = NonNullable<LiveJob['charge']>;

const noSlot = (limit: number): Fault =>
  new Fault(
    'too_many_jobs_in_flight',
    `There are ${limit} jobs in flight, as many as may be, and a stream cannot wait. Try again when one has ended, or send the request with background: true or Prefer: respond-async.`,
    { retryAfterMs: jobsRetryAfterMs },
  );

/**
 * Gives back what was charged for a job that was not made. `slot` goes back too, unless another request
 * has made the job. Never throws: what fails stays charged.
 */
export const refund = async (
  deps: ChargeDeps,
  { id, tenant, charge }: LiveJob,
  { slot }: { readonly slot: boolean },
): Promise<void> => {
  const { day, tokens, isCounted, needsSlot } = charge ?? {};
  const owed = [
    day === undefined || !tokens ? [] : deps.tenantCounts.settleTokens(tenant, day, -tokens),
    isCounted ? deps.tenantCounts.uncountJob(tenant) : [],
    needsSlot && slot ? deps.tenantTurns.giveSlotBack(tenant, id) : [],
  ];
  for (const outcome of await Promise.allSettled(owed)) {
    if (outcome.status === 'rejected') {
      deps.log.warn('charge.unsettled', { jobId: id, tenant, error: outcome.reason });
    }
  }
};

export type Asked = {
  readonly limits: TenantLimits;
  readonly rates: Rates;
  /** The most that it may put out, in all its choices. */
  readonly outputTokens: number;
};

/**
 * Charges a tenant for the job that is about to be made: the request, its tokens, the job, and a slot to
 * run in. The job as it is to be recorded; `full` when it was to run at once and no slot is free. Throws
 * Faults `rate_limit_exceeded`, `too_many_queued_jobs`, `too_many_jobs_in_flight` for a live stream, and
 * `store_unavailable`; what was charged until then is given back.
 */
export const chargeTenant = async (
  deps: ChargeDeps,
  draft: LiveJob,
  { limits, rates, outputTokens }: Asked,
): Promise<{ readonly kind: 'charged' | 'full'; readonly job: LiveJob }> => {
  const { requestsPerMinute, tokensPerDay, queuedJobs, jobsInFlight } = limits;
  const { tenant } = draft;
  let charge: Charge = {};
  try {
    if (requestsPerMinute !== undefined) {
      await countRequest(deps, tenant, requestsPerMinute, rates);
    }
    if (tokensPerDay !== undefined) {
      charge = await reserveTokens(deps, draft, outputTokens, tokensPerDay, rates);
    }
    if (queuedJobs !== undefined) {
      charge = { ...charge, ...(await countJob(deps, tenant, queuedJobs)) };
    }
    if (jobsInFlight === undefined) {
      const isCharged = Object.keys(charge).length > 0;
      const turn = queuedJobs === undefined ? {} : { turn: turnKey(tenant, 'live') };
      return { kind: 'charged', job: isCharged ? { ...draft, charge, ...turn } : draft };
    }
    const taken = await persist(
      deps,
      () => deps.tenantTurns.takeSlot(tenant, draft.id, jobsInFlight),
      pausesMs,
      after(deps.clock.nowMs(), patienceMs),
    );
    const job = { ...draft, charge: { ...charge, needsSlot: true } };
    if (taken === 'taken') {
      return { kind: 'charged', job: { ...job, turn: turnKey(tenant, 'live') } };
    }
    if (draft.live) throw noSlot(jobsInFlight);
    return draft.status === 'queued'
      ? { kind: 'charged', job: waitingFromTheStart(job) }
      : { kind: 'full', job };
  } catch (thrown) {
    await refund(deps, { ...draft, charge }, { slot: false });
    throw thrown;
  }
};
