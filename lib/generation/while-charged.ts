import { Fault } from '../errors.ts';
import { waitingFromTheStart } from '../job/create.ts';
import type { LiveJob } from '../job/job.ts';
import { reservedOutputTokens } from '../limits.ts';
import type { StoredRequest } from '../wire/stored-request.ts';
import type { TenantLimits } from '../wire/tenant-limits.ts';
import type { Attached } from './create-on-record.ts';
import { returnUnusedQuietly } from './next-turn.ts';
import { type Accepted, draftJob, type Submission, type SubmitDeps } from './submit.ts';
import { chargeTenant, refund } from './tenant-charge.ts';

/** Whether making a job costs the tenant anything. */
export const isCharged = ({
  requestsPerMinute,
  tokensPerDay,
  queuedJobs,
  jobsInFlight,
}: TenantLimits): boolean =>
  [requestsPerMinute, tokensPerDay, queuedJobs, jobsInFlight].some((limit) => limit !== undefined);

const mayPutOut = (stored: StoredRequest): number => {
  const choices = stored.api === 'chat' ? stored.request.choices : 1;
  return choices * (stored.request.maxOutputTokens ?? reservedOutputTokens);
};

/** As `draft`, charged; one that was to run at once and finds no slot waits for a worker instead. */
const charged = async (
  deps: SubmitDeps,
  submission: Submission,
  draft: Accepted,
): Promise<Accepted> => {
  const { limits = {}, rates = {}, stored } = submission;
  const outputTokens = mayPutOut(stored);
  const { kind, job } = await chargeTenant(deps, draft.job, { limits, rates, outputTokens });
  if (kind === 'charged') return { ...draft, job };
  const admission = { decision: 'queued', why: 'too many jobs of the tenant in flight' } as const;
  const queued = draftJob(deps, submission, job.id, admission);
  return { ...queued, job: waitingFromTheStart({ ...queued.job, charge: job.charge }) };
};

/** Another request has made the job, and was charged for it: only the slot is the job's own. */
const yieldTo = async (deps: SubmitDeps, job: LiveJob): Promise<void> => {
  await refund(deps, job, { slot: false });
  if (job.charge?.needsSlot) await returnUnusedQuietly(deps, job);
};

/**
 * Has the tenant charged, then `make` the job. What was charged is given back when it is certain that no
 * job was made, or that it is one that another request was charged for; when that cannot be told it
 * stays. Throws as `chargeTenant` and `make` do.
 */
export const whileCharged = async <T extends Accepted | Attached>(
  deps: SubmitDeps,
  submission: Submission,
  draft: Accepted,
  make: (draft: Accepted) => Promise<T>,
): Promise<T> => {
  if (!isCharged(submission.limits ?? {})) return make(draft);
  const paid = await charged(deps, submission, draft);
  try {
    const made = await make(paid);
    if (made.kind === 'attached') await yieldTo(deps, paid.job);
    return made;
  } catch (thrown) {
    const isOpen = thrown instanceof Fault && thrown.code === 'store_unavailable';
    if (!isOpen) await refund(deps, paid.job, { slot: true });
    throw thrown;
  }
};
