import { clockSkewMs, resendFirstMs } from '../limits.ts';
import { owing } from './callback.ts';
import { strikesAfterCrash } from './crash.ts';
import type { EndedJob, Job, JobError } from './job.ts';
import { closeAttempt } from './ledger.ts';
import { restDue, sameGeneration } from './rest.ts';
import { storedSpent } from './spend.ts';
import { after, type EpochMs, epochMs } from './time.ts';
import { dueBy, seen } from './transition.ts';
import type { Clause, JobWrite } from './write.ts';

/* Writes of those who hold no lease: the sweep and the client. They name the attempt they saw. */

/** The sweep takes the lease from an attempt that stopped renewing it. */
export const expire = (job: Job, nowMs: EpochMs): JobWrite => ({
  name: 'expire',
  id: job.id,
  when: [...seen(job), { field: 'leaseExpiresAtMs', below: nowMs - clockSkewMs }],
  set: {
    status: 'queued',
    strikes: strikesAfterCrash(job),
    epoch: job.epoch + 1,
    notBeforeMs: epochMs(0),
    ...dueBy(job, after(nowMs, resendFirstMs)),
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'lost' }, storedSpent(job)),
  },
  clear: [],
});

/** Ends a job from outside its attempt, and owes a stop where the upstream may still be at it. */
const endFromOutside = (
  job: Job,
  by: { name: string; status: EndedJob['status']; error?: JobError; also?: readonly Clause[] },
  outcome: 'lost' | 'superseded' | 'cancelled',
  nowMs: EpochMs,
): JobWrite => {
  const stopOwed = job.upstreamId === undefined ? undefined : true;
  const owed = owing(job);
  const rest = restDue({ ...job, ...owed, stopOwed }, nowMs);
  return {
    name: by.name,
    id: job.id,
    when: [...seen(job), sameGeneration(job), ...(by.also ?? [])],
    set: {
      status: by.status,
      ...(by.error === undefined ? {} : { error: by.error }),
      endedAtMs: nowMs,
      ledger: closeAttempt(
        job,
        { endedAtMs: nowMs, outcome, errorCode: by.error?.code },
        storedSpent(job),
      ),
      ...owed,
      ...rest.set,
    },
    clear: rest.clear,
  };
};

/** As `expire`, for a job whose attempts are spent, or which may not be restarted. */
export const giveUp = (job: Job, error: JobError, nowMs: EpochMs): JobWrite => {
  const also: Clause[] = [{ field: 'leaseExpiresAtMs', below: nowMs - clockSkewMs }];
  return endFromOutside(job, { name: 'give-up', status: 'failed', error, also }, 'lost', nowMs);
};

/** The deadline passed, whoever holds the job. */
export const overrun = (job: Job, error: JobError, nowMs: EpochMs): JobWrite =>
  endFromOutside(job, { name: 'overrun', status: 'failed', error }, 'superseded', nowMs);

/** The client wants it no more, whoever holds it. */
export const cancel = (job: Job, nowMs: EpochMs): JobWrite =>
  endFromOutside(job, { name: 'cancel', status: 'cancelled' }, 'cancelled', nowMs);
