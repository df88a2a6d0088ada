import { Fault } from '../errors.ts';
import type { EpochMs } from '../job/time.ts';
import { needsSlot } from '../job/turn.ts';
import { maxTurnsPerSweep, slotOfNoJobMs } from '../limits.ts';
import type { TenantJobs } from '../ports/tenants.ts';
import type { TurnDeps } from './next-turn.ts';

const tries = 3;
const together = 25;

/** What a job makes of its slot, as far as that can be told. */
const useOf = async (deps: TurnDeps, jobId: string): Promise<'used' | 'unused' | 'missing'> => {
  try {
    const job = await deps.jobs.load(jobId, 'strong');
    if (job === undefined) return 'missing';
    return needsSlot(job, deps.clock.nowMs()) ? 'used' : 'unused';
  } catch (thrown) {
    if (thrown instanceof Fault && thrown.code === 'item_unreadable') return 'unused';
    throw thrown;
  }
};

const usesOf = async (deps: TurnDeps, ids: readonly string[]) => {
  const uses = new Map<string, 'used' | 'unused' | 'missing'>();
  for (let from = 0; from < ids.length; from += together) {
    const group = ids.slice(from, from + together);
    const found = await Promise.all(group.map((id) => useOf(deps, id)));
    for (const [index, use] of found.entries()) uses.set(group[index] ?? '', use);
  }
  return (use: 'unused' | 'missing'): readonly string[] => ids.filter((id) => uses.get(id) === use);
};

/**
 * Whose job is not there is kept in mind, and for which that was so at an earlier look too the slot is
 * given up: by now whoever took it has made the job or stopped. Not by the age of the id, which a key
 * keeps for a day.
 */
const lookAtMissing = ({ missing: before }: TenantJobs, ids: readonly string[], nowMs: EpochMs) => {
  if (before !== undefined && before.atMs > nowMs - slotOfNoJobMs) return { givenUp: [] };
  const givenUp = ids.filter((id) => before?.ids.includes(id));
  const noted = ids.filter((id) => !givenUp.includes(id));
  return before === undefined && noted.length === 0 ? { givenUp } : { givenUp, noted };
};

/**
 * Slots whose jobs have ended, wait, or never came to be go back; a slot that is taken meanwhile leaves
 * it to the next look. Returns what is in flight then. Throws Fault `store_unavailable`.
 */
export const reclaimSlots = async (deps: TurnDeps, tenant: string): Promise<TenantJobs> => {
  const nowMs = deps.clock.nowMs();
  for (let tried = 1; ; tried += 1) {
    const found = await deps.tenantTurns.find(tenant);
    const idsOf = await usesOf(deps, found.inFlight);
    const { givenUp, noted } = lookAtMissing(found, idsOf('missing'), nowMs);
    const gone = [...idsOf('unused'), ...givenUp];
    const isDone =
      gone.length === 0 || (await deps.tenantTurns.reclaim(tenant, gone, found.rev)) === 'done';
    if (!isDone && tried < tries) continue;
    if (!isDone) return found;
    if (noted !== undefined) await deps.tenantTurns.noteMissing(tenant, noted, nowMs);
    if (gone.length > 0) deps.log.warn('slots.reclaimed', { tenant, slots: gone.length });
    return { ...found, inFlight: found.inFlight.filter((id) => !gone.includes(id)) };
  }
};

/**
 * Jobs that run without a slot have one again, over the limit if need be: a slot that was given back
 * late, by a write that was repeated, may have been the next attempt's. Returns what is in flight then. Throws Fault `store_unavailable`.
 */
export const restoreSlots = async (
  deps: TurnDeps,
  tenant: string,
  inFlight: readonly string[],
): Promise<readonly string[]> => {
  const begun = await deps.tenantTurns.begun(tenant, maxTurnsPerSweep + inFlight.length);
  const slotless = begun.filter((id) => !inFlight.includes(id)).slice(0, maxTurnsPerSweep);
  const restored: string[] = [];
  for (const id of slotless) {
    const job = await deps.jobs.load(id, 'strong');
    if (job?.status !== 'in_progress' || !job.charge?.needsSlot) continue;
    await deps.tenantTurns.takeSlot(tenant, id, undefined);
    restored.push(id);
  }
  if (restored.length > 0) deps.log.warn('slots.restored', { tenant, slots: restored.length });
  return [...inFlight, ...restored];
};
