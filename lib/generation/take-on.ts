import { isClaimable } from '../job/claimable.ts';
import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { claim } from '../job/transition.ts';
import { takeOnLeastMs } from '../limits.ts';
import { parseStored, type StoredRequest } from '../wire/stored-request.ts';
import { callable } from './defer.ts';
import type { Accepted, SubmitDeps } from './submit.ts';
import { choiceOf, planTask } from './task.ts';

/** Whether what is left of the wait is likely enough, or what it leaves undone is not begun anew. */
const isWorthwhile = (
  { admission }: Job,
  { task }: Pick<Accepted, 'task'>,
  leftMs: number,
): boolean => task.resumable || (leftMs >= takeOnLeastMs && (admission.predictedMs ?? 0) <= leftMs);

const claimHere = async (deps: SubmitDeps, job: Job): Promise<Job | undefined> => {
  const owner = deps.ids.nonce();
  const nowMs = deps.clock.nowMs();
  const by = { owner, ...choiceOf(deps, job), via: 'inline', nowMs } as const;
  const outcome = await deps.jobs.write(claim(job, by));
  const now = outcome.kind === 'written' ? outcome.job : await deps.jobs.load(job.id, 'strong');
  return now?.owner === owner ? now : undefined;
};

/**
 * Takes a queued job that no worker has claimed yet to be run here, where its client is waited with: the
 * workers may be kept from starting by no more than such waits. What is `asked` is read where it is not
 * at hand. Undefined when it is not to be, or is somebody else's by now. Throws Fault `store_unavailable`.
 */
export const takeOn = async (
  deps: SubmitDeps,
  seen: Job,
  asked: StoredRequest | undefined,
  waitUntilMs: EpochMs,
): Promise<Accepted | undefined> => {
  const nowMs = deps.clock.nowMs();
  if (seen.attempt > 0 || !isClaimable(seen, nowMs)) return undefined;
  const stored = asked ?? parseStored(seen.api, await deps.content.getRequest(seen));
  const planned = { task: planTask(deps, seen, stored) };
  if (!isWorthwhile(seen, planned, waitUntilMs - nowMs)) return undefined;
  const found = await callable(deps, seen);
  if (found === undefined) return undefined;
  try {
    const job = await claimHere(deps, found.job);
    if (job?.status !== 'in_progress') return undefined;
    found.permit.used();
    deps.log.info('job.taken_on', { jobId: job.id });
    return { kind: 'accepted', job, task: planTask(deps, job, stored) };
  } finally {
    await found.permit.giveBack();
  }
};
