import { deliveryResendMs, purgeAgainMs, stopAgainMs, unstoredKeptMs } from '../limits.ts';
import { extendSegments } from './checkpoint.ts';
import type { EndedJob, Job } from './job.ts';
import { closeAttempt } from './ledger.ts';
import { type Spent, spend, storedSpent } from './spend.ts';
import { after, type EpochMs, epochMs } from './time.ts';
import type { Clause, JobChanges, JobField, JobWrite } from './write.ts';

/*
 * What is left to do for a job that has ended: its upstream may have to be told to stop, its end may
 * have to be told to its tenant (callback.ts), the content of an unstored one is erased, and what a
 * late writer put behind a tombstone is purged again. As long as something is left the job has a due
 * time.
 */

type Rest = { readonly set: JobChanges; readonly clear: readonly JobField[] };

const atEnd: readonly JobField[] = ['followedUntilMs', 'awaitedUntilMs', 'turn'];

/** The due time of a job that ends, or has ended, at `endedAtMs`. */
export const restDue = (
  job: Pick<Job, 'stopOwed' | 'unstored'> & {
    readonly owed?: true | undefined;
    readonly deletedAtMs?: EpochMs | undefined;
  },
  endedAtMs: EpochMs,
): Rest => {
  if (job.stopOwed) return { set: { stopOwed: true, dueAtMs: endedAtMs }, clear: atEnd };
  const clear: JobField[] = [...atEnd, 'stopOwed', 'upstreamId', 'upstreamSeq'];
  if (job.deletedAtMs !== undefined) {
    return { set: { dueAtMs: after(job.deletedAtMs, purgeAgainMs) }, clear };
  }
  if (job.owed) return { set: { dueAtMs: after(endedAtMs, deliveryResendMs) }, clear };
  if (job.unstored) return { set: { dueAtMs: after(endedAtMs, unstoredKeptMs) }, clear };
  return { set: {}, clear: [...clear, 'dueAtMs'] };
};

/**
 * The generation at the upstream is the one that was read, or there is still none: whoever ends a job
 * must not lose the id of a generation that began meanwhile.
 */
export const sameGeneration = (job: Job): Clause =>
  job.upstreamId === undefined
    ? { field: 'upstreamId', absent: true }
    : { field: 'upstreamId', is: job.upstreamId };

/** Whether an end is still to be told is as it was read. */
export const sameOwed = ({ owed }: EndedJob): Clause =>
  owed ? { field: 'owed', is: true } : { field: 'owed', absent: true };

/**
 * Before the upstream is told to stop: should it not hear, it is told again later, behind whatever else
 * is due by then.
 */
export const stopLater = (job: EndedJob, nowMs: EpochMs): JobWrite => ({
  name: 'stop-later',
  id: job.id,
  when: [
    { field: 'stopOwed', is: true },
    { field: 'dueAtMs', is: job.dueAtMs ?? 0 },
  ],
  set: { dueAtMs: after(nowMs, stopAgainMs) },
  clear: [],
});

/** The upstream has been told to stop. A tombstone made meanwhile keeps its own due time. */
export const stopped = (job: EndedJob): JobWrite => {
  const rest = restDue({ ...job, stopOwed: undefined }, job.endedAtMs);
  return {
    name: 'stopped',
    id: job.id,
    when: [
      { field: 'status', is: job.status },
      ...(job.upstreamId === undefined ? [] : [sameGeneration(job)]),
      sameOwed(job),
      job.deletedAtMs === undefined
        ? { field: 'deletedAtMs', absent: true }
        : { field: 'deletedAtMs', is: job.deletedAtMs },
    ],
    set: rest.set,
    clear: rest.clear,
  };
};

/**
 * Leaves a tombstone: whose it was and when, none of its content. A live job becomes `cancelled`.
 * The content itself is purged after this write, and once more when no late writer can be left.
 */
export const bury = (job: Job, nowMs: EpochMs): JobWrite => {
  const live = job.status === 'queued' || job.status === 'in_progress';
  const stopOwed = job.stopOwed ?? (live && job.upstreamId !== undefined ? true : undefined);
  const rest = restDue({ unstored: undefined, stopOwed, deletedAtMs: nowMs }, nowMs);
  return {
    name: 'bury',
    id: job.id,
    when: [
      { field: 'status', is: job.status },
      { field: 'attempt', is: job.attempt },
      sameGeneration(job),
      { field: 'deletedAtMs', absent: true },
    ],
    set: {
      deletedAtMs: nowMs,
      ...(live ? { status: 'cancelled', endedAtMs: nowMs } : {}),
      segments: [],
      // An upstream's error may quote what it was asked.
      ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'cancelled' }, storedSpent(job)).map(
        ({ errorMessage: _, ...record }) => record,
      ),
      ...rest.set,
    },
    clear: [...rest.clear, 'final', 'metadata', 'error', 'previousResponseId', 'callback', 'owed'],
  };
};

/**
 * The attempt that a cancelled job was taken from has let go of it, and leaves the output it had not
 * stored and what it took, which it knows better than whoever cancelled. The lease's end is how they
 * see that nothing follows.
 */
export const leave = (
  job: EndedJob,
  chunk: { readonly first: number; readonly deltas: readonly string[] } | undefined,
  spent?: Spent,
): JobWrite => {
  const upTo = chunk === undefined ? job.seq : chunk.first + chunk.deltas.length - 1;
  const output = { segments: extendSegments(job.segments, job.attempt, upTo), seq: upTo };
  return {
    name: 'leave',
    id: job.id,
    when: [
      { field: 'status', is: 'cancelled' },
      { field: 'attempt', is: job.attempt },
      { field: 'owner', is: job.owner },
      { field: 'deletedAtMs', absent: true },
    ],
    set: {
      leaseExpiresAtMs: epochMs(0),
      ...(chunk === undefined ? {} : output),
      ...(spent === undefined ? {} : { ledger: spend(job.ledger, job.attempt, spent) }),
    },
    clear: [],
  };
};

/** The second purge is done; the tombstone lasts until its TTL. */
export const purged = (job: EndedJob): JobWrite => ({
  name: 'purged',
  id: job.id,
  when: [
    { field: 'deletedAtMs', is: job.deletedAtMs ?? 0 },
    { field: 'dueAtMs', is: job.dueAtMs ?? 0 },
  ],
  set: {},
  clear: ['dueAtMs'],
});

/** Terminal is final: a failed job is repeated as another, once. */
export const repeat = (job: EndedJob, newId: string): JobWrite => ({
  name: 'repeat',
  id: job.id,
  when: [
    { field: 'status', is: 'failed' },
    { field: 'retriedAs', absent: true },
    { field: 'deletedAtMs', absent: true },
  ],
  set: { retriedAs: newId },
  clear: [],
});
