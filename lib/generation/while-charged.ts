import { Fault } from '../errors.ts';
import { waitingFromTheStart } from '../job/create.ts';
import type { LiveJob } from '../job/job.ts';
import { reservedOutputTokens } from '../limits.ts';
import type { StoredRequest } from '../wire/stored-request.ts';
import type { TenantLimits } from '../wire/tenant-limits.ts';
import type { Attached } from './create-on-record.ts';
import { holdOf } from './hold.ts';
import { returnUnusedQuietly } from './next-turn.ts';
import { type Accepted, draftJob, type Submission, type SubmitDeps } from './submit.ts';
import { type Charged, chargeTenant, refund } from './tenant-charge.ts';

/** Whether making a job costs the tenant anything. */
export const isCharged = ({
  requestsPerMinute,
  tokensPerDay,
  queuedJobs,
  jobsInFlight,
  waiting,
}: TenantLimits): boolean =>
  [requestsPerMinute, tokensPerDay, queuedJobs, jobsInFlight, waiting].some(
    (limit) => limit !== undefined,
  );

const mayPutOut = (stored: StoredRequest): number => {
  const choices = stored.api === 'chat' ? stored.request.choices : 1;
  return choices * (stored.request.maxOutputTokens ?? reservedOutputTokens);
};

const noSlot = 'too many jobs of the tenant in flight';
const notHeld = 'too many jobs of the tenant have not ended for this one to be waited for';

type Paid = { readonly draft: Accepted; readonly slot: Charged['slot'] };

/**
 * As `draft`, charged; one that was to run at once and finds no slot waits for a worker instead, as does
 * one that is not waited for.
 */
const charged = async (
  deps: SubmitDeps,
  submission: Submission,
  draft: Accepted,
): Promise<Paid> => {
  const { limits = {}, rates = {}, stored } = submission;
  const outputTokens = mayPutOut(stored);
  const asked = { limits, rates, outputTokens, hold: holdOf(submission) };
  const { kind, job, unheld, slot } = await chargeTenant(deps, draft.job, asked);
  if (kind === 'charged' && !unheld) return { draft: { ...draft, job }, slot };
  const why = unheld ? notHeld : noSlot;
  const admission = { decision: 'queued', why } as const;
  const waitMs = unheld ? 0 : submission.waitMs;
  const queued = draftJob(deps, { ...submission, waitMs }, job.id, admission);
  const { charge, turn } = job;
  const recorded =
    kind === 'full'
      ? waitingFromTheStart({ ...queued.job, charge })
      : { ...queued.job, charge, turn };
  return { draft: { ...queued, job: recorded, ...(unheld ? { unheld } : {}) }, slot };
};

/**
 * This request has made no job. A slot goes back if it was taken by this one, and the job, should
 * another request have made it, does not need it; one that was held is that other request's to return.
 */
const undo = async (deps: SubmitDeps, { draft, slot }: Paid): Promise<void> => {
  await refund(deps, draft.job);
  if (slot === 'taken') await returnUnusedQuietly(deps, draft.job);
};

/** Whoever had taken the slot that was held may have returned it before the job was there to need it. */
const keepSlot = async (deps: SubmitDeps, { id, tenant, status }: LiveJob): Promise<void> => {
  if (status !== 'in_progress') return; // a worker asks for a slot itself
  try {
    await deps.tenantTurns.takeSlot(tenant, id, undefined);
  } catch (error) {
    deps.log.warn('slot.missed', { jobId: id, tenant, error });
  }
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
    const made = await make(paid.draft);
    if (made.kind === 'attached') await undo(deps, paid);
    else if (paid.slot === 'held') await keepSlot(deps, made.job);
    return made;
  } catch (thrown) {
    const isOpen = thrown instanceof Fault && thrown.code === 'store_unavailable';
    if (!isOpen) await undo(deps, paid);
    throw thrown;
  }
};
