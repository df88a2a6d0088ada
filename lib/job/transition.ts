import { clockSkewMs, leaseMs, leaseRenewMs, maxMessageDelayMs, resendFirstMs } from '../limits.ts';
import type { EndedJob, Job, JobError } from './job.ts';
import { closeAttempt, openAttempt } from './ledger.ts';
import { after, type EpochMs, earlier, epochMs } from './time.ts';
import type { Clause, JobChanges, JobWrite } from './write.ts';

/*
 * Who may write what. A worker's writes after its claim are fenced: they hold only while the job is
 * in progress under its attempt and owner, and follow its own last write.
 *
 *   lease     claim├──────────45 s──────────┤
 *   renewed            ├──────────45 s──────────┤          every 15 s, or with a checkpoint
 *   sweep                                        ├─10 s skew─┤ expire
 */

const fenced = (
  job: Job,
  name: string,
  set: JobChanges,
  clear: JobWrite['clear'] = [],
): JobWrite => ({
  name,
  id: job.id,
  when: [
    { field: 'status', is: 'in_progress' },
    { field: 'attempt', is: job.attempt },
    { field: 'owner', is: job.owner },
    { field: 'writeNo', is: job.writeNo },
  ],
  set: { ...set, writeNo: job.writeNo + 1 },
  clear,
});

const seen = (job: Job): Clause[] => [
  { field: 'status', is: job.status },
  { field: 'attempt', is: job.attempt },
];

/** Nothing that is not terminal is without a due time, and none is later than the deadline. */
const dueBy = (job: Pick<Job, 'deadlineAtMs'>, at: EpochMs): { dueAtMs: EpochMs } => ({
  dueAtMs: earlier(at, job.deadlineAtMs),
});

/** When the sweep looks after a job that is leased from `nowMs` on. */
export const leasedFrom = (
  job: Pick<Job, 'deadlineAtMs'>,
  nowMs: EpochMs,
): { leaseExpiresAtMs: EpochMs; dueAtMs: EpochMs } => ({
  leaseExpiresAtMs: after(nowMs, leaseMs),
  ...dueBy(job, after(nowMs, leaseMs + clockSkewMs)),
});

/** `dueAtMs` is an index key, so it moves with the lease only every `leaseRenewMs`. */
const renewed = (job: Job, nowMs: EpochMs): JobChanges => {
  const { leaseExpiresAtMs, dueAtMs } = leasedFrom(job, nowMs);
  const moved = dueAtMs - (job.dueAtMs ?? 0) >= leaseRenewMs;
  return moved ? { leaseExpiresAtMs, dueAtMs } : { leaseExpiresAtMs };
};

export const claim = (
  job: Job,
  by: { owner: string; upstream: string; nowMs: EpochMs },
): JobWrite => ({
  name: 'claim',
  id: job.id,
  when: [...seen(job), { field: 'notBeforeMs', atMost: by.nowMs }],
  set: {
    status: 'in_progress',
    attempt: job.attempt + 1,
    owner: by.owner,
    writeNo: 0,
    strikes: job.strikes + 1,
    ...leasedFrom(job, by.nowMs),
    ledger: openAttempt(job.ledger, {
      attempt: job.attempt + 1,
      via: 'worker',
      upstream: by.upstream,
      model: job.model,
      startedAtMs: by.nowMs,
    }),
  },
  clear: [],
});

export const renew = (job: Job, nowMs: EpochMs): JobWrite =>
  fenced(job, 'renew', renewed(job, nowMs));

/** The first event of an attempt that replaces another: what was shown before counts no more. */
export const restart = (job: Job, nowMs: EpochMs): JobWrite =>
  fenced(job, 'restart', { ...renewed(job, nowMs), segments: [] });

export const checkpoint = (
  job: Job,
  to: { segments: Job['segments']; seq: number },
  nowMs: EpochMs,
): JobWrite => fenced(job, 'checkpoint', { ...renewed(job, nowMs), ...to });

export type Ending = Pick<EndedJob, 'usage' | 'error' | 'final' | 'answeredBy'> & {
  readonly status: 'completed' | 'incomplete' | 'failed';
};

const ended = (job: Job, ending: Ending, nowMs: EpochMs): JobChanges => ({
  ...ending,
  endedAtMs: nowMs,
  ledger: closeAttempt(job, {
    endedAtMs: nowMs,
    outcome: ending.status,
    usage: ending.usage,
    errorCode: ending.error?.code,
    errorMessage: ending.error?.message,
  }),
});

export const settle = (job: Job, ending: Ending, nowMs: EpochMs): JobWrite =>
  fenced(job, 'settle', ended(job, ending, nowMs), ['dueAtMs', 'followedUntilMs']);

/** Back to the queue after a failure that another attempt may mend, not before `afterMs` from now. */
export const requeue = (
  job: Job,
  failure: { afterMs: number; error: JobError; resent: boolean },
  nowMs: EpochMs,
): JobWrite => {
  const notBeforeMs = after(nowMs, failure.afterMs);
  const byMessage = failure.afterMs <= maxMessageDelayMs;
  return fenced(job, 'requeue', {
    status: 'queued',
    notBeforeMs,
    ...dueBy(job, byMessage ? after(notBeforeMs, resendFirstMs) : notBeforeMs),
    epoch: failure.resent ? job.epoch + 1 : job.epoch,
    ledger: closeAttempt(job, {
      endedAtMs: nowMs,
      outcome: 'requeued',
      errorCode: failure.error.code,
      errorMessage: failure.error.message,
    }),
  });
};

/** The inline attempt hands over to a worker; that it had to is not held against the job. */
export const promote = (job: Job, nowMs: EpochMs): JobWrite =>
  fenced(job, 'promote', {
    status: 'queued',
    strikes: job.strikes - 1,
    epoch: job.epoch + 1,
    notBeforeMs: epochMs(0),
    ...dueBy(job, after(nowMs, resendFirstMs)),
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'promoted' }),
  });

/** The sweep takes the lease from an attempt that stopped renewing it. */
export const expire = (job: Job, nowMs: EpochMs): JobWrite => ({
  name: 'expire',
  id: job.id,
  when: [...seen(job), { field: 'leaseExpiresAtMs', below: nowMs - clockSkewMs }],
  set: {
    status: 'queued',
    epoch: job.epoch + 1,
    notBeforeMs: epochMs(0),
    ...dueBy(job, after(nowMs, resendFirstMs)),
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'lost' }),
  },
  clear: [],
});

/** As `expire`, for a job whose attempts are spent. */
export const giveUp = (job: Job, error: JobError, nowMs: EpochMs): JobWrite => ({
  name: 'give-up',
  id: job.id,
  when: [...seen(job), { field: 'leaseExpiresAtMs', below: nowMs - clockSkewMs }],
  set: {
    status: 'failed',
    error,
    endedAtMs: nowMs,
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'lost', errorCode: error.code }),
  },
  clear: ['dueAtMs', 'followedUntilMs'],
});

/** The deadline passed, whoever holds the job. */
export const overrun = (job: Job, error: JobError, nowMs: EpochMs): JobWrite => ({
  name: 'overrun',
  id: job.id,
  when: seen(job),
  set: {
    status: 'failed',
    error,
    endedAtMs: nowMs,
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'superseded', errorCode: error.code }),
  },
  clear: ['dueAtMs', 'followedUntilMs'],
});
