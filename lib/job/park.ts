import {
  parkLookMaxMs,
  parkLooksPerAge,
  parkMarginMs,
  resendFirstMs,
  upstreamQueueMs,
} from '../limits.ts';
import type { AttemptRecord, Job, JobStatus } from './job.ts';
import { closeAttempt } from './ledger.ts';
import type { Spent } from './spend.ts';
import { after, type EpochMs, earlier, epochMs } from './time.ts';
import { dueBy, fenced } from './transition.ts';
import type { Clause, JobChanges, JobWrite } from './write.ts';

/*
 * A generation that goes on at its upstream needs no worker while nobody follows it: the job is parked,
 * and looked in on. What is parked is queued like any other, so that whoever knows of no parking takes
 * it for a job that may not be claimed yet, and then resumes its generation.
 *
 *   in_progress ──park──► queued, for `upstream` ──claim──► in_progress      ended, or somebody waits
 *                             │           ▲
 *                             └─look later┘                                  it goes on
 */

/** Its generation goes on at the upstream, and nobody holds it. */
export const isParked = (job: Job): boolean =>
  job.status === 'queued' && job.waitingFor === 'upstream' && job.upstreamId !== undefined;

/** What clients are told: that a worker has let go of it is none of their business. */
export const shownStatus = (job: Job): JobStatus => (isParked(job) ? 'in_progress' : job.status);

/** Whether a look can replace an attempt: the one before let go of a generation that went on. */
export const mayLookIn = (job: Job): boolean =>
  job.status === 'queued' &&
  job.upstreamId !== undefined &&
  job.ledger.at(-1)?.outcome === 'promoted';

/** The attempt that began the job's present generation. */
const beganBy = ({ ledger }: Pick<Job, 'ledger'>): AttemptRecord | undefined =>
  ledger.findLast(({ generation, attempt }) => generation === attempt);

const ageMs = (job: Job, nowMs: EpochMs): number =>
  nowMs - (beganBy(job)?.startedAtMs ?? job.createdAtMs);

/**
 * When a parked job is to be looked at next: after a share of its generation's age, so that what took
 * long is told of in proportion as late; every `firstMs` while somebody keeps asking for it. Undefined
 * so close to its deadline that a look could come too late.
 */
export const nextLookAtMs = (job: Job, nowMs: EpochMs, firstMs: number): EpochMs | undefined => {
  const latestMs = after(job.deadlineAtMs, -parkMarginMs);
  if (latestMs <= nowMs) return undefined;
  const isAskedFor = (job.followedUntilMs ?? 0) > nowMs;
  const shareMs = Math.round(ageMs(job, nowMs) / parkLooksPerAge);
  const growingMs = Math.max(firstMs, Math.min(parkLookMaxMs, shareMs));
  return earlier(after(nowMs, isAskedFor ? firstMs : growingMs), latestMs);
};

/** Its upstream has kept it in its own queue for longer than it may. */
export const isKeptQueued = (job: Job, nowMs: EpochMs): boolean =>
  ageMs(job, nowMs) >= upstreamQueueMs;

/** `dueAtMs` is an index key: it stays where it is while it is neither too close nor far away. */
const armed = (job: Job, lookAtMs: EpochMs): JobChanges => {
  const leftMs = (job.dueAtMs ?? 0) - lookAtMs;
  return leftMs >= resendFirstMs / 2 && leftMs <= resendFirstMs * 2
    ? {}
    : dueBy(job, after(lookAtMs, resendFirstMs));
};

/** A worker lets go of a generation that goes on without it. A message follows, due at `lookAtMs`. */
export const park = (job: Job, lookAtMs: EpochMs, nowMs: EpochMs, spent?: Spent): JobWrite =>
  fenced(job, 'park', {
    status: 'queued',
    waitingFor: 'upstream',
    strikes: job.strikes - 1,
    epoch: job.epoch + 1,
    notBeforeMs: lookAtMs,
    seenAtMs: nowMs,
    ...dueBy(job, after(lookAtMs, resendFirstMs)),
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'promoted' }, spent),
  });

/** As it was seen: nobody has claimed it, or sent for it, since. */
const untouched = (job: Job): Clause[] => [
  { field: 'status', is: 'queued' },
  { field: 'attempt', is: job.attempt },
  { field: 'epoch', is: job.epoch },
];

/** Somebody has looked: the generation goes on. As after `park`, a message follows. */
export const lookLater = (job: Job, lookAtMs: EpochMs, nowMs: EpochMs): JobWrite => ({
  name: 'look-later',
  id: job.id,
  when: untouched(job),
  set: {
    waitingFor: 'upstream',
    epoch: job.epoch + 1,
    notBeforeMs: lookAtMs,
    seenAtMs: nowMs,
    ...armed(job, lookAtMs),
  },
  clear: [],
});

/** Somebody asks for a parked job: it is looked at now. Of many who ask, one sends the message. */
export const lookNow = (
  job: Job,
  asked: { readonly followedUntilMs: EpochMs; readonly awaitedUntilMs?: EpochMs },
  nowMs: EpochMs,
): JobWrite => ({
  name: 'look-now',
  id: job.id,
  when: [...untouched(job), { field: 'waitingFor', is: 'upstream' }],
  set: { ...asked, epoch: job.epoch + 1, notBeforeMs: epochMs(0), ...armed(job, nowMs) },
  clear: [],
});
