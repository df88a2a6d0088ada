import type { Job, LiveJob } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import { awaitsTurn } from '../job/turn-key.ts';
import { type StoredRequest, toStored } from '../wire/stored-request.ts';
import { dropQuietly, patienceMs, pausesMs, unavailable } from './accept.ts';
import { persist } from './fenced-write.ts';
import { callUpQuietly } from './next-turn.ts';
import { sendAgain } from './send-again.ts';
import type { Accepted, SubmitDeps } from './submit.ts';

/** The job was there already: it is answered from, and whoever made it sees to it. */
export type Attached = { readonly kind: 'attached'; readonly job: Job };

/** The job that has the id afterwards; it is ours when it names our upload. */
const putOrFind = async (deps: SubmitDeps, job: LiveJob, untilMs: EpochMs): Promise<Job> => {
  const outcome = await deps.jobs.create(job);
  if (outcome.kind === 'created') return job;
  if (outcome.kind === 'doubtful' && deps.clock.nowMs() >= untilMs) throw outcome.cause;
  const found = await deps.jobs.load(job.id, 'strong');
  if (found !== undefined) return found;
  throw outcome.kind === 'doubtful' ? outcome.cause : new Error('the job is gone again');
};

/**
 * Creates the job of a request under the id that is on record for it, unless somebody else has. It is
 * never taken back, since others may have found it by then: when its message cannot be sent the sweep
 * sends one. Throws Fault `store_unavailable`; then the job may be there or not, and the request is to
 * be repeated.
 */
export const createOnRecord = async (
  deps: SubmitDeps,
  draft: Accepted,
  stored: StoredRequest,
): Promise<Accepted | Attached> => {
  const { id, upload, tenant, admission, resultExpiresAtMs } = draft.job;
  try {
    const request = toStored(stored);
    const requestChunks = await deps.content.putRequest(id, upload, request, resultExpiresAtMs);
    const job = { ...draft.job, requestChunks };
    const untilMs = after(deps.clock.nowMs(), patienceMs);
    const found = await persist(deps, () => putOrFind(deps, job, untilMs), pausesMs, untilMs);
    if (found.upload !== upload) {
      await dropQuietly(deps, job);
      return { kind: 'attached', job: found };
    }
    deps.log.info('job.accepted', { jobId: id, tenant, admission });
    if (awaitsTurn(job)) await callUpQuietly(deps, job);
    else if (job.status === 'queued') await sendAgain(deps, job, 0);
    return { ...draft, job };
  } catch (cause) {
    throw unavailable(cause);
  }
};
