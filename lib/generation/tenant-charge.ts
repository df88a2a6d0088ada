import { Fault } from '../errors.ts';
import { waitingFromTheStart } from '../job/create.ts';
import type { LiveJob } from '../job/job.ts';
import { after } from '../job/time.ts';
import { turnKey } from '../job/turn-key.ts';
import { waitingDefault } from '../limits.ts';
import type { Deps } from '../ports.ts';
import type { Rates } from '../wire/rates.ts';
import type { TenantLimits } from '../wire/tenant-limits.ts';
import { patienceMs, pausesMs } from './accept.ts';
import { persist } from './fenced-write.ts';
import type { Hold } from './hold.ts';
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
 * Gives back what was counted for a job that was not made; its slot is `returnUnused`'s. Never throws:
 * what fails stays charged.
 */
export const refund = async (deps: ChargeDeps, { id, tenant, charge }: LiveJob): Promise<void> => {
  const { day, tokens, isCounted } = charge ?? {};
  const owed = [
    day === undefined || !tokens ? [] : deps.tenantCounts.settleTokens(tenant, day, -tokens),
    isCounted ? deps.tenantCounts.uncountJob(tenant) : [],
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
  readonly hold: Hold;
};

export type Charged = {
  /** `full` when it was to run at once and no slot is free. */
  readonly kind: 'charged' | 'full';
  /** As it is to be recorded. */
  readonly job: LiveJob;
  /** It is one too many to be waited for. */
  readonly unheld: boolean;
  /** Whether its slot was taken now, or held already: by another request with its key. */
  readonly slot?: 'taken' | 'held';
};

/**
 * Charges a tenant for the job that is about to be made: the request, its tokens, the job, and a slot to
 * run in. Throws Faults `rate_limit_exceeded`, `too_many_queued_jobs`, `too_many_waiting_requests` for one
 * that is held firmly, `too_many_jobs_in_flight` for a live stream, and `store_unavailable`; what was
 * charged until then is given back.
 */
export const chargeTenant = async (
  deps: ChargeDeps,
  draft: LiveJob,
  { limits, rates, outputTokens, hold }: Asked,
): Promise<Charged> => {
  const { requestsPerMinute, tokensPerDay, queuedJobs, jobsInFlight } = limits;
  const { tenant } = draft;
  let charge: Charge = {};
  let unheld = false;
  try {
    if (requestsPerMinute !== undefined) {
      await countRequest(deps, tenant, requestsPerMinute, rates);
    }
    if (tokensPerDay !== undefined) {
      charge = await reserveTokens(deps, draft, outputTokens, tokensPerDay, rates);
    }
    if (queuedJobs !== undefined || limits.waiting !== undefined) {
      const waiting = limits.waiting ?? waitingDefault;
      const live = await countJob(deps, tenant, { queuedJobs, waiting }, hold);
      charge = { ...charge, isCounted: true };
      unheld = hold === 'loose' && live > waiting;
    }
    if (jobsInFlight === undefined) {
      const isCharged = Object.keys(charge).length > 0;
      const turn = charge.isCounted ? { turn: turnKey(tenant, 'live') } : {};
      return { kind: 'charged', job: isCharged ? { ...draft, charge, ...turn } : draft, unheld };
    }
    const taken = await persist(
      deps,
      () => deps.tenantTurns.takeSlot(tenant, draft.id, jobsInFlight),
      pausesMs,
      after(deps.clock.nowMs(), patienceMs),
    );
    const job = { ...draft, charge: { ...charge, needsSlot: true } };
    if (taken !== 'full') {
      const turn = turnKey(tenant, 'live');
      return { kind: 'charged', job: { ...job, turn }, unheld, slot: taken };
    }
    if (draft.live) throw noSlot(jobsInFlight);
    return draft.status === 'queued'
      ? { kind: 'charged', job: waitingFromTheStart(job), unheld }
      : { kind: 'full', job, unheld };
  } catch (thrown) {
    await refund(deps, { ...draft, charge });
    throw thrown;
  }
};
