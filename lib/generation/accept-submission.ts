import { Fault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import { awaitsTurn } from '../job/turn-key.ts';
import { toStored } from '../wire/stored-request.ts';
import { accept, takeBack } from './accept.ts';
import { chooseUpstream } from './choose-upstream.ts';
import { callUpQuietly } from './next-turn.ts';
import { type Accepted, draftJob, newJobId, type Submission, type SubmitDeps } from './submit.ts';
import { whileCharged } from './while-charged.ts';

const sendFirst = async (deps: SubmitDeps, job: LiveJob): Promise<void> => {
  try {
    await deps.queue.send({ v: 1, jobId: job.id, epoch: job.epoch }, job.tenant, 0);
  } catch (cause) {
    if (!(await takeBack(deps, job))) return;
    throw new Fault(
      'queue_unavailable',
      'The request could not be queued, so it was not accepted.',
      { retryAfterMs: 2_000, cause },
    );
  }
};

/**
 * Records one request that has no key, and sends for a worker where it is not to be run inline and has
 * its turn. Throws Faults `invalid_value` for what no upstream can be asked, `store_unavailable` or
 * `queue_unavailable` when it was not accepted, `upstream_unavailable` as `chooseUpstream` does, and
 * those of `whileCharged`.
 */
export const acceptSubmission = async (
  deps: SubmitDeps,
  submission: Submission,
): Promise<Accepted> => {
  const { stored } = submission;
  const first = draftJob(deps, submission, newJobId(deps, stored.api));
  return whileCharged(deps, submission, first, async (paid) => {
    const draft = await chooseUpstream(deps, paid, stored);
    const job = await accept(deps, toStored(stored), draft.job);
    const { id: jobId, tenant, admission } = job;
    deps.log.info('job.accepted', { jobId, tenant, admission });
    if (awaitsTurn(job)) await callUpQuietly(deps, job);
    else if (job.status === 'queued') await sendFirst(deps, job);
    return { ...draft, job };
  });
};
