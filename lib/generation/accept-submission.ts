import { Fault } from '../errors.ts';
import type { LiveJob } from '../job/job.ts';
import { awaitsTurn } from '../job/turn-key.ts';
import { minAttemptMs } from '../limits.ts';
import { toStored } from '../wire/stored-request.ts';
import { accept, takeBack } from './accept.ts';
import type { BegunCall } from './attempt.ts';
import { beginCall } from './begun-call.ts';
import { atOpenUpstream } from './choose-upstream.ts';
import { decideAdmission } from './decide-admission.ts';
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
 * The call of a job that is to run at once goes out while its record is being written: nobody else can
 * make the same job, since it has no key. Not for one that could not end before its deadline, nor while
 * the store refuses records.
 */
const callAhead = (deps: SubmitDeps, { job, task }: Accepted): BegunCall | undefined => {
  const isInTime = job.deadlineAtMs - deps.clock.nowMs() >= minAttemptMs;
  const isSound = isInTime && deps.records.isWell();
  return job.status === 'in_progress' && isSound ? beginCall(deps, job, task) : undefined;
};

/** No record will account for a call that went out: the log does. */
const callOff = async (
  deps: SubmitDeps,
  { job, task }: Accepted,
  begun: BegunCall | undefined,
): Promise<void> => {
  deps.records.refused();
  if (begun === undefined) return;
  const { id: jobId, tenant, model, inputTokens } = job;
  const upstream = task.upstream.name;
  deps.log.warn('generation.unrecorded', { jobId, tenant, upstream, model, inputTokens });
  await begun.drop();
};

/**
 * Records one request that has no key, and sends for a worker where it is not to be run inline and has
 * its turn. Throws Faults `invalid_value` for what no upstream can be asked, `store_unavailable` or
 * `queue_unavailable` when it was not accepted, `upstream_unavailable` as `atOpenUpstream` does, and
 * those of `whileCharged`.
 */
export const acceptSubmission = async (
  deps: SubmitDeps,
  submission: Submission,
): Promise<Accepted> => {
  const { stored } = submission;
  const admission = await decideAdmission(deps, submission);
  const first = draftJob(deps, submission, newJobId(deps, stored.api), admission);
  const make = async (draft: Accepted): Promise<Accepted> => {
    const begun = callAhead(deps, draft);
    const job = await accept(deps, toStored(stored), draft.job, () => callOff(deps, draft, begun));
    deps.log.info('job.accepted', { jobId: job.id, tenant: job.tenant, admission: job.admission });
    if (awaitsTurn(job)) await callUpQuietly(deps, job);
    else if (job.status === 'queued') await sendFirst(deps, job);
    return { ...draft, job, ...(begun === undefined ? {} : { task: { ...draft.task, begun } }) };
  };
  return whileCharged(deps, submission, first, (paid) => atOpenUpstream(deps, paid, stored, make));
};
