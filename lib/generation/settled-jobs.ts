import { settlementOf } from '../job/charge.ts';
import type { Job } from '../job/job.ts';
import { needsSlot } from '../job/turn.ts';
import type { JobWrite } from '../job/write.ts';
import type { JobStore } from '../ports/jobs.ts';
import type { Deps } from '../ports.ts';
import { callNext, type TurnDeps } from './next-turn.ts';

type SettleDeps = TurnDeps & Pick<Deps, 'tenantCounts'>;

/**
 * The slot goes back, and to the one of its tenant that has waited longest. Not where the job waits for
 * its upstream: the next one would do the same, and so on down the whole line.
 */
const passSlot = async (deps: SettleDeps, job: Job): Promise<void> => {
  await deps.tenantTurns.giveSlotBack(job.tenant, job.id);
  if (job.status === 'queued' && job.waitingFor !== undefined) return;
  await callNext(deps, job.tenant, 1);
};

/**
 * What was reserved and not used, or used beyond that. It is marked as settled first, so that a crash
 * between can only leave the tenant with less than it is due, never with more.
 */
const settleCharge = async (deps: SettleDeps, job: Job): Promise<void> => {
  const settlement = settlementOf(job);
  if (settlement === undefined) return;
  const { write, day, tokens, isFirst } = settlement;
  if ((await deps.jobs.write(write)).kind !== 'written') return;
  if (day !== undefined && tokens !== 0) {
    await deps.tenantCounts.settleTokens(job.tenant, day, tokens);
  }
  if (isFirst && job.charge?.isCounted) await deps.tenantCounts.uncountJob(job.tenant);
};

const quietly = async (deps: SettleDeps, job: Job, act: Promise<void>): Promise<void> => {
  try {
    await act;
  } catch (error) {
    deps.log.warn('charge.unsettled', { jobId: job.id, tenant: job.tenant, error });
  }
};

/** What follows from a write to the job of a limited tenant: who waits comes on, and it is settled. */
const afterWrite = async (deps: SettleDeps, write: JobWrite, job: Job): Promise<void> => {
  if (job.charge === undefined) return;
  const hasLeft =
    (write.set.status !== undefined || write.set.notBeforeMs !== undefined) &&
    !needsSlot(job, deps.clock.nowMs());
  await Promise.all([
    hasLeft && job.charge.needsSlot ? quietly(deps, job, passSlot(deps, job)) : undefined,
    quietly(deps, job, settleCharge(deps, job)),
  ]);
};

/**
 * The jobs' store, by which whoever ends a job or lets go of it also gives back what its tenant was
 * charged for it: wherever that happens, it is by a write. Jobs of tenants without limits are none the
 * wiser. What fails is logged, and made up for by the sweep, but for tokens: those stay reserved.
 */
export const settledJobs = (deps: SettleDeps): JobStore => ({
  ...deps.jobs,
  async write(write) {
    const outcome = await deps.jobs.write(write);
    if (outcome.kind === 'written') await afterWrite(deps, write, outcome.job);
    return outcome;
  },
});
