import { isEnded, type Job } from '../job/job.ts';
import { giveTurn, leaveLine, needsSlot } from '../job/turn.ts';
import { awaitsTurn } from '../job/turn-key.ts';
import type { Deps } from '../ports.ts';
import { sendAgain } from './send-again.ts';

export type TurnDeps = Pick<
  Deps,
  'jobs' | 'tenantTurns' | 'knownLimits' | 'queue' | 'clock' | 'log'
>;

/** The index is a moment old, so the first of the line may have gone. */
const lookedAt = 10;

const tries = 3;

const isNeeded = async (
  deps: Pick<TurnDeps, 'jobs' | 'clock'>,
  jobId: string,
): Promise<boolean> => {
  const now = await deps.jobs.load(jobId, 'strong');
  return now !== undefined && needsSlot(now, deps.clock.nowMs());
};

/**
 * Nobody took this slot to use it: it is given back unless the job has come to need it. Not if a slot
 * was taken since the job was looked at, which may have been this one; after a few looks it is left to
 * the sweep.
 */
export const returnUnused = async (
  deps: Pick<TurnDeps, 'jobs' | 'tenantTurns' | 'clock'>,
  tenant: string,
  jobId: string,
): Promise<void> => {
  // Mostly somebody else has called the same job.
  if (await isNeeded(deps, jobId)) return;
  for (let tried = 0; tried < tries; tried += 1) {
    const { rev, inFlight } = await deps.tenantTurns.find(tenant);
    if (!inFlight.includes(jobId) || (await isNeeded(deps, jobId))) return;
    if ((await deps.tenantTurns.reclaim(tenant, [jobId], rev)) === 'done') return;
  }
};

/** As `returnUnused`; what fails is logged, and the sweep makes up for it. */
export const returnUnusedQuietly = async (
  deps: Pick<TurnDeps, 'jobs' | 'tenantTurns' | 'clock' | 'log'>,
  { tenant, id }: Pick<Job, 'tenant' | 'id'>,
): Promise<void> => {
  try {
    await returnUnused(deps, tenant, id);
  } catch (error) {
    deps.log.warn('slot.kept', { jobId: id, tenant, error });
  }
};

/**
 * The job's turn, if a slot is free: the slot, then the job, then its message. `full` is that there is
 * none, `gone` that the job does not wait any more.
 */
const callUp = async (
  deps: TurnDeps,
  job: Job,
  limit: number | undefined,
): Promise<'called' | 'full' | 'gone'> => {
  if (!awaitsTurn(job)) return 'gone';
  const { tenant, id } = job;
  if (job.status !== 'queued') {
    await deps.jobs.write(leaveLine(job));
    return 'gone';
  }
  const needsOne = limit !== undefined && job.charge?.needsSlot === true;
  if (needsOne && (await deps.tenantTurns.takeSlot(tenant, id, limit)) === 'full') return 'full';
  const outcome = await deps.jobs.write(giveTurn(job, deps.clock.nowMs()));
  if (outcome.kind !== 'written') {
    if (needsOne) await returnUnused(deps, tenant, id);
    return 'gone';
  }
  await sendAgain(deps, outcome.job, 0);
  return 'called';
};

const loadWaiting = async (deps: TurnDeps, id: string): Promise<Job | undefined> => {
  try {
    return await deps.jobs.load(id, 'strong');
  } catch (error) {
    deps.log.warn('turn.skipped', { jobId: id, error });
    return undefined;
  }
};

/**
 * Sends for up to `count` of the tenant's waiting jobs, oldest first, as long as it has slots free.
 * Returns for how many. Throws Fault `store_unavailable`.
 */
export const callNext = async (deps: TurnDeps, tenant: string, count: number): Promise<number> => {
  const { jobsInFlight: limit } = await deps.knownLimits.of(tenant);
  const ids = await deps.tenantTurns.waiting(tenant, count + lookedAt);
  let called = 0;
  for (const id of ids) {
    if (called === count) break;
    const job = await loadWaiting(deps, id);
    if (job === undefined) continue;
    const outcome = await callUp(deps, job, limit);
    if (outcome === 'full') break;
    if (outcome === 'called') called += 1;
  }
  return called;
};

/**
 * A job has just begun to wait: whoever gave a slot back meanwhile may have missed it. Never throws;
 * what fails is made up for by the sweep.
 */
export const callUpQuietly = async (deps: TurnDeps, job: Job): Promise<void> => {
  try {
    const { jobsInFlight: limit } = await deps.knownLimits.of(job.tenant);
    if (!isEnded(job)) await callUp(deps, job, limit);
  } catch (error) {
    deps.log.warn('turn.missed', { jobId: job.id, error });
  }
};
