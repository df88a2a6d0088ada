import { isEnded, type Job } from '../job/job.ts';
import { waitForTurn } from '../job/turn.ts';
import { callUpQuietly, returnUnusedQuietly, type TurnDeps } from './next-turn.ts';

const slotLimit = async (deps: TurnDeps, job: Job): Promise<number | undefined> =>
  job.charge?.needsSlot ? (await deps.knownLimits.of(job.tenant)).jobsInFlight : undefined;

/**
 * Whether all of the tenant's slots are taken by others. Then the job waits without a message, and
 * the one it came by has done its work. Else it has a slot. Throws Fault `store_unavailable`.
 */
export const mustWait = async (deps: TurnDeps, job: Job): Promise<boolean> => {
  const limit = await slotLimit(deps, job);
  if (limit === undefined) return false;
  if ((await deps.tenantTurns.takeSlot(job.tenant, job.id, limit)) !== 'full') return false;
  const outcome = await deps.jobs.write(waitForTurn(job));
  if (outcome.kind === 'written') {
    deps.log.info('job.deferred', { jobId: job.id, why: 'tenant_limit' });
    if (!isEnded(outcome.job)) await callUpQuietly(deps, outcome.job);
  }
  return true;
};

/** The job could not be claimed after all: it may have ended before the slot was taken for it. */
export const leaveTurn = async (deps: TurnDeps, job: Job): Promise<void> => {
  if (job.charge?.needsSlot) await returnUnusedQuietly(deps, job);
};
