import { clockSkewMs, maxStrikes, resendFirstMs, resendMaxMs } from '../limits.ts';
import { remind } from './callback.ts';
import { strikesAfterCrash } from './crash.ts';
import { deadlineError, workerLostError } from './failure.ts';
import { type EndedJob, isEnded, type Job } from './job.ts';
import { lastFailure } from './ledger.ts';
import { expire, giveUp, overrun } from './outside.ts';
import { stopLater } from './rest.ts';
import { after, type EpochMs, earlier } from './time.ts';
import type { JobWrite } from './write.ts';

/** What the sweep does about a job that is due: a write, and whether a message follows it. */
export type DueAction =
  | { readonly kind: 'nothing' }
  | { readonly kind: 'write'; readonly write: JobWrite; readonly send: boolean }
  /** The upstream is to be told to stop: `write`, which re-arms it; then `stopped`. */
  | { readonly kind: 'stop'; readonly job: EndedJob; readonly write: JobWrite }
  /** Its end has not been told yet: the write, then the message. */
  | { readonly kind: 'tell'; readonly write: JobWrite }
  /** The content has outlived its time: `bury` and purge. */
  | { readonly kind: 'erase'; readonly job: EndedJob }
  /** The tombstone's second purge; then `purged`. */
  | { readonly kind: 'purge'; readonly job: EndedJob };

/** The messages that a deferred job has used up were not lost: they do not count. */
const resendAfterMs = (job: Job): number =>
  job.waitingFor === undefined
    ? Math.min(resendMaxMs, resendFirstMs * 2 ** Math.max(0, job.epoch - 1))
    : resendFirstMs;

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
    dueAtMs: earlier(after(nowMs, resendAfterMs(job)), job.deadlineAtMs),
  },
  clear: [],
});

const restAction = (job: EndedJob, nowMs: EpochMs): DueAction => {
  if (job.stopOwed) return { kind: 'stop', job, write: stopLater(job, nowMs) };
  if (job.deletedAtMs !== undefined) return { kind: 'purge', job };
  if (job.owed) return { kind: 'tell', write: remind(job, nowMs) };
  return job.unstored ? { kind: 'erase', job } : { kind: 'nothing' };
};

/**
 * What went to a client at once cannot be taken back. One that asked with a key asks again, and reads
 * what another attempt puts out from its start.
 */
const mustNotRestart = (job: Job): boolean => (job.live ?? false) && job.idempotency === undefined;

/** What is due of `job`, read at `nowMs` by the sweep. */
export const dueAction = (job: Job, nowMs: EpochMs): DueAction => {
  if (job.dueAtMs === undefined || job.dueAtMs > nowMs) return { kind: 'nothing' };
  if (isEnded(job)) return restAction(job, nowMs);
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
  return strikesAfterCrash(job) >= maxStrikes || mustNotRestart(job)
    ? { kind: 'write', write: giveUp(job, workerLostError(job), nowMs), send: false }
    : { kind: 'write', write: expire(job, nowMs), send: true };
};
