import { Fault } from '../errors.ts';
import { correctionOf } from '../job/live-count.ts';
import { needsSlot } from '../job/turn.ts';
import { maxTurnsPerSweep, slotOfNoJobMs } from '../limits.ts';
import type { TenantJobs } from '../ports/tenants.ts';
import { idTimeMs } from '../wire/id-time.ts';
import { callNext, type TurnDeps } from './next-turn.ts';

const tries = 3;
const together = 25;

/** Whether a slot is held by a job that needs it, as far as that can be told. */
const isInUse = async (deps: TurnDeps, jobId: string): Promise<boolean> => {
  const nowMs = deps.clock.nowMs();
  try {
    const job = await deps.jobs.load(jobId, 'strong');
    if (job !== undefined) return needsSlot(job, nowMs);
    return (idTimeMs(jobId) ?? 0) > nowMs - slotOfNoJobMs;
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'item_unreadable') return false;
    throw thrown;
  }
};

const unused = async (deps: TurnDeps, ids: readonly string[]): Promise<readonly string[]> => {
  const found: string[] = [];
  for (let from = 0; from < ids.length; from += together) {
    const group = ids.slice(from, from + together);
    const inUse = await Promise.all(group.map((id) => isInUse(deps, id)));
    found.push(...group.filter((_, index) => !inUse[index]));
  }
  return found;
};

/**
 * Slots whose jobs have ended, wait, or never came to be go back; a slot that is taken meanwhile leaves
 * it to the next look. Returns what is in flight then.
 */
const reclaimSlots = async (deps: TurnDeps, tenant: string): Promise<TenantJobs> => {
  for (let tried = 1; ; tried += 1) {
    const found = await deps.tenantTurns.find(tenant);
    const gone = await unused(deps, found.inFlight);
    if (gone.length === 0 || tried > tries) return found;
    if ((await deps.tenantTurns.reclaim(tenant, gone, found.rev)) === 'refused') continue;
    deps.log.warn('slots.reclaimed', { tenant, slots: gone.length });
    return { ...found, inFlight: found.inFlight.filter((id) => !gone.includes(id)) };
  }
};

const sweepTenant = async (deps: TurnDeps, tenant: string): Promise<void> => {
  const { jobsInFlight: limit } = await deps.knownLimits.of(tenant);
  const { inFlight, live, drift } = await reclaimSlots(deps, tenant);
  const free = limit === undefined ? maxTurnsPerSweep : limit - inFlight.length;
  if (free > 0) {
    const called = await callNext(deps, tenant, Math.min(free, maxTurnsPerSweep));
    if (called > 0) deps.log.info('turns.given', { tenant, jobs: called });
  }
  if (live === undefined || (live === 0 && drift === 0)) return;
  const { correction, drift: seen } = correctionOf(
    live - (await deps.tenantTurns.countLive(tenant)),
    drift,
  );
  if (correction === 0 && seen === drift) return;
  if (correction !== 0) deps.log.warn('jobs.recounted', { tenant, correction });
  await deps.tenantTurns.correct(tenant, correction, seen);
};

/**
 * Makes up for what was missed of the tenants that have slots or count their jobs: slots of jobs that
 * ended without giving theirs back, waiting jobs that nobody sent for, counts that went wrong. What
 * fails is logged, and met again by the next sweep. Where no tenant is limited it is one empty read.
 */
export const sweepTenants = async (deps: TurnDeps, signal: AbortSignal): Promise<number> => {
  let failed = 0;
  for (const tenant of await deps.tenantTurns.tenants()) {
    if (signal.aborted) break;
    try {
      await sweepTenant(deps, tenant);
    } catch (error) {
      failed += 1;
      deps.log.error('sweep.failed', { tenant, error });
    }
  }
  return failed;
};
