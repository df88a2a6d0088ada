import { clockSkewMs, maxStrikes, resendFirstMs, resendMaxMs } from '../limits.ts';
import { deadlineError, workerLostError } from './failure.ts';
import { lastFailure } from './ledger.ts';
import { isEnded, type Job } from './job.ts';
import { after, type EpochMs, earlier } from './time.ts';
import { expire, giveUp, overrun } from './transition.ts';
import type { JobWrite } from './write.ts';

/** What the sweep does about a job that is due: a write, and whether a message follows it. */
export type DueAction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'write'; readonly write: JobWrite; readonly send: boolean };

/** The message of a queued job is sent again; the next time, if it has to be, twice as late. */
const resend = (job: Job, dueAtMs: EpochMs, nowMs: EpochMs): JobWrite => ({
  name: 'resend',
  id: job.id,
  when: [
    { field: 'status', is: 'queued' },
    { field: 'epoch', is: job.epoch },
    { field: 'dueAtMs', is: dueAtMs },
  ],
  set: {
    epoch: job.epoch + 1,
    dueAtMs: earlier(
      after(nowMs, Math.min(resendMaxMs, resendFirstMs * 2 ** Math.max(0, job.epoch - 1))),
      job.deadlineAtMs,
    ),
  },
  clear: [],
});

/** What is due of `job`, read at `nowMs` by the sweep. */
export const dueAction = (job: Job, nowMs: EpochMs): DueAction => {
  if (isEnded(job) || job.dueAtMs === undefined || job.dueAtMs > nowMs) return { kind: 'nothing' };
  if (job.deadlineAtMs <= nowMs) {
    return {
      kind: 'write',
      write: overrun(job, deadlineError(lastFailure(job)), nowMs),
      send: false,
    };
  }
  if (job.status === 'queued') {
    return { kind: 'write', write: resend(job, job.dueAtMs, nowMs), send: true };
  }
  if (job.leaseExpiresAtMs >= nowMs - clockSkewMs) return { kind: 'nothing' };
  return job.strikes >= maxStrikes
    ? { kind: 'write', write: giveUp(job, workerLostError(job), nowMs), send: false }
    : { kind: 'write', write: expire(job, nowMs), send: true };
};
