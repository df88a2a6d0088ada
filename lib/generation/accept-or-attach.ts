import type { Job } from '../job/job.ts';
import { after } from '../job/time.ts';
import { idempotencyKeyTtlMs, twinWaitMs } from '../limits.ts';
import type { KeyRecord } from '../ports/idempotency-keys.ts';
import { acceptSubmission } from './accept-submission.ts';
import { mustHaveAnswer } from './answer-gone.ts';
import { atOpenUpstream } from './choose-upstream.ts';
import { type Attached, createOnRecord } from './create-on-record.ts';
import { decideAdmission } from './decide-admission.ts';
import { reserveKey, underKey } from './request-key.ts';
import {
  type Accepted,
  draftJob,
  newJobId,
  type RequestKey,
  type Submission,
  type SubmitDeps,
} from './submit.ts';
import { isCharged, whileCharged } from './while-charged.ts';

const twinPauseMs = 150;

/**
 * The job of a request that has just taken the key, once that has made it: a repetition must not be
 * charged, nor be refused for want of what the first one was charged. Undefined when it is not made in
 * time; what has taken the key longer ago is not waited for.
 */
const awaitTwin = async (
  deps: SubmitDeps,
  { limits = {} }: Submission,
  { jobId, expiresAtMs }: KeyRecord,
): Promise<Job | undefined> => {
  if (!isCharged(limits)) return undefined;
  const untilMs = after(expiresAtMs, twinWaitMs - idempotencyKeyTtlMs);
  while (deps.clock.nowMs() < untilMs) {
    await deps.clock.sleep(twinPauseMs);
    const made = await deps.jobs.load(jobId, 'strong');
    if (made !== undefined) return made;
  }
  return undefined;
};

const attachedTo = (deps: SubmitDeps, key: RequestKey, job: Job): Attached => {
  key.onReplay();
  return { kind: 'attached', job: mustHaveAnswer(deps, job) };
};

const acceptByKey = async (
  deps: SubmitDeps,
  submission: Submission,
  key: RequestKey,
): Promise<Accepted | Attached> => {
  const { tenant, stored } = submission;
  const id = newJobId(deps, stored.api);
  // What cannot be asked is refused before it takes the key.
  const admission = await decideAdmission(deps, submission);
  const draft = draftJob(deps, submission, id, admission);
  const record = await reserveKey(deps, tenant, key, id);
  const isOwn = record.jobId === id;
  const made = isOwn ? undefined : await deps.jobs.load(record.jobId, 'strong');
  if (made !== undefined) return attachedTo(deps, key, made);
  const twin = isOwn ? undefined : await awaitTwin(deps, submission, record);
  if (twin !== undefined) return attachedTo(deps, key, twin);
  const named = isOwn ? draft : draftJob(deps, submission, record.jobId, admission);
  const outcome = await whileCharged(deps, submission, named, (paid) =>
    atOpenUpstream(deps, paid, stored, (chosen) =>
      createOnRecord(deps, underKey(chosen, key, record, submission), stored),
    ),
  );
  if (outcome.kind === 'attached') key.onReplay();
  return outcome;
};

/**
 * Accepts one request, or finds the job that its key stands for. Of all requests with one key, route
 * and body a single one creates the job, under the id that is on record with the key: whoever finds
 * that job missing does, so that it does not matter where the first one stopped. Throws as
 * `acceptSubmission` and `findByKey` do.
 */
export const acceptOrAttach = async (
  deps: SubmitDeps,
  submission: Submission,
): Promise<Accepted | Attached> => {
  const { key, attachTo } = submission;
  if (attachTo !== undefined) return { kind: 'attached', job: attachTo };
  return key === undefined
    ? acceptSubmission(deps, submission)
    : acceptByKey(deps, submission, key);
};
