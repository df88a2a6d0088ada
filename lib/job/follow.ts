import { adoptPollMs, followMs } from '../limits.ts';
import type { Job } from './job.ts';
import { isParked, lookNow } from './park.ts';
import { after, type EpochMs, later } from './time.ts';
import type { JobWrite } from './write.ts';

/** How a job is read: once, along with what comes, or waiting for its end until then. */
export type Reader =
  | { readonly kind: 'glance' | 'stream' }
  | { readonly kind: 'wait'; readonly untilMs: EpochMs };

/** Until when a job counts as read by somebody, and until when as waited for. */
export type Interest = { readonly followedUntilMs: EpochMs; readonly awaitedUntilMs?: EpochMs };

/** Marks the job as read, so that its worker checkpoints faster, or does not park it. */
export const follow = (job: Job, interest: Interest): JobWrite => ({
  name: 'follow',
  id: job.id,
  when: [
    { field: 'status', is: job.status },
    { field: 'attempt', is: job.attempt },
  ],
  set: interest,
  clear: [],
});

/** What a reader adds to the interest that the item tells of; undefined where that is next to nothing. */
const added = (job: Job, reader: Reader, nowMs: EpochMs): Interest | undefined => {
  const followedUntilMs = after(nowMs, followMs);
  const isFollowed = (job.followedUntilMs ?? 0) > after(nowMs, followMs / 2);
  if (reader.kind === 'glance') return isFollowed ? undefined : { followedUntilMs };
  const untilMs = reader.kind === 'wait' ? reader.untilMs : followedUntilMs;
  const isAwaited = (job.awaitedUntilMs ?? 0) >= after(untilMs, -followMs / 2);
  if (isAwaited && (isFollowed || reader.kind === 'wait')) return undefined;
  return { followedUntilMs, awaitedUntilMs: later(untilMs, job.awaitedUntilMs) };
};

/**
 * What a reader has to write for the job's worker to know of them, undefined when nothing; a parked job
 * is looked at sooner for them, so that a message has to follow.
 */
export const attend = (
  job: Job,
  reader: Reader,
  nowMs: EpochMs,
): { readonly write: JobWrite; readonly send: boolean } | undefined => {
  const isGlance = reader.kind === 'glance';
  const interest = added(job, reader, nowMs);
  if (isParked(job)) {
    const isSoon = job.notBeforeMs <= (isGlance ? after(nowMs, adoptPollMs) : nowMs);
    if (!isSoon && (interest !== undefined || !isGlance)) {
      const asked = interest ?? { followedUntilMs: after(nowMs, followMs) };
      return { write: lookNow(job, asked, nowMs), send: true };
    }
  }
  const isUnderWay =
    job.status === 'in_progress' || (job.status === 'queued' && job.upstreamId !== undefined);
  return interest !== undefined && isUnderWay
    ? { write: follow(job, interest), send: false }
    : undefined;
};
