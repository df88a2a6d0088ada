import { correctionOf } from '../job/live-count.ts';
import { maxTurnsPerSweep } from '../limits.ts';
import { callNext, type TurnDeps } from './next-turn.ts';
import { reclaimSlots, restoreSlots } from './sweep-slots.ts';

const sweepTenant = async (deps: TurnDeps, tenant: string): Promise<void> => {
  const { jobsInFlight: limit } = await deps.knownLimits.of(tenant);
  const { inFlight: held, live, drift } = await reclaimSlots(deps, tenant);
  const inFlight = limit === undefined ? held : await restoreSlots(deps, tenant, held);
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
 * ended without giving theirs back, jobs that run without one, waiting jobs that nobody sent for, counts that went wrong. What
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
