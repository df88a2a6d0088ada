import { clockSkewMs, leaseMs, leaseRenewMs, maxMessageDelayMs, resendFirstMs } from '../limits.ts';
import { owing } from './callback.ts';
import type { Position } from './checkpoint.ts';
import type { AttemptRecord, EndedJob, Job, JobError } from './job.ts';
import { closeAttempt, openAttempt } from './ledger.ts';
import { restDue } from './rest.ts';
import { type Spent, toldBy } from './spend.ts';
import { after, type EpochMs, earlier, epochMs } from './time.ts';
import { turnKey } from './turn-key.ts';
import type { Clause, JobChanges, JobWrite } from './write.ts';

/*
 * Who may write what. A worker's writes after its claim are fenced: they hold only while the job is
 * in progress under its attempt and owner, and follow its own last write.
 *
 *   lease     claim├──────────45 s──────────┤
 *   renewed            ├──────────45 s──────────┤          every 15 s, or with a checkpoint
 *   sweep                                        ├─10 s skew─┤ expire
 */

export const fenced = (
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

export const seen = (job: Job): Clause[] => [
  { field: 'status', is: job.status },
  { field: 'attempt', is: job.attempt },
];

/** Nothing that is not terminal is without a due time, and none is later than the deadline. */
export const dueBy = (job: Pick<Job, 'deadlineAtMs'>, at: EpochMs): { dueAtMs: EpochMs } => ({
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
  by: { owner: string; upstream: string; model: string; via?: 'inline'; nowMs: EpochMs },
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
    ...(job.turn === undefined ? {} : { turn: turnKey(job.tenant, 'live') }),
    ledger: openAttempt(job.ledger, {
      attempt: job.attempt + 1,
      via: by.via ?? 'worker',
      upstream: by.upstream,
      model: by.model,
      startedAtMs: by.nowMs,
      fromSeq: job.seq,
    }),
  },
  clear: ['waitingFor'],
});

export const renew = (job: Job, nowMs: EpochMs): JobWrite =>
  fenced(job, 'renew', renewed(job, nowMs));

const markPresent = (
  job: Job,
  mark: (record: AttemptRecord) => Partial<AttemptRecord>,
): AttemptRecord[] =>
  job.ledger.map((record) =>
    record.attempt === job.attempt ? { ...record, ...mark(record) } : record,
  );

/**
 * The first event of a generation: where it can be resumed, under which id. What an earlier one has
 * shown counts no more.
 */
export const begin = (job: Job, upstreamId: string | undefined, nowMs: EpochMs): JobWrite =>
  fenced(
    job,
    'begin',
    {
      ...renewed(job, nowMs),
      segments: [],
      ...(upstreamId === undefined
        ? {}
        : { upstreamId, ledger: markPresent(job, () => ({ generation: job.attempt })) }),
    },
    upstreamId === undefined ? ['upstreamId', 'upstreamSeq'] : ['upstreamSeq'],
  );

/**
 * The generation that could have been resumed is dead: its id goes before another is started, which
 * is paid anew.
 */
export const forget = (job: Job, nowMs: EpochMs): JobWrite =>
  fenced(
    job,
    'forget',
    {
      ...renewed(job, nowMs),
      ledger: markPresent(job, () => ({ adopted: false, generation: undefined })),
    },
    ['upstreamId', 'upstreamSeq'],
  );

/** The attempt goes on with the generation of the one before, or again with its own. */
export const adopt = (job: Job, nowMs: EpochMs): JobWrite => {
  const began = job.ledger.findLast(({ generation, attempt }) => generation === attempt);
  const ledger = markPresent(job, (record) =>
    record.generation === undefined
      ? { adopted: true, generation: began?.attempt ?? job.attempt }
      : {},
  );
  return fenced(job, 'adopt', { ...renewed(job, nowMs), ledger });
};

/** Position and text move together. */
export const checkpoint = (job: Job, to: Position, nowMs: EpochMs): JobWrite =>
  fenced(job, 'checkpoint', { ...renewed(job, nowMs), ...to });

/** With the position behind what it put out last, where that is news. */
export type Ending = Pick<EndedJob, 'usage' | 'error' | 'final' | 'answeredBy'> &
  Partial<Position> & {
    readonly status: 'completed' | 'incomplete' | 'failed';
  };

const ended = (job: Job, ending: Ending, nowMs: EpochMs, spent: Spent): JobChanges => ({
  ...ending,
  endedAtMs: nowMs,
  ledger: closeAttempt(
    job,
    {
      endedAtMs: nowMs,
      outcome: ending.status,
      errorCode: ending.error?.code,
      errorMessage: ending.error?.message,
    },
    spent,
  ),
});

/**
 * `upstreamRuns`: the generation goes on at the upstream, which has to be told to stop. `spent` is
 * what the attempt knows that it took, if that is more than the ending's usage.
 */
export const settle = (
  job: Job,
  ending: Ending,
  upstreamRuns: boolean,
  nowMs: EpochMs,
  spent: Spent = toldBy(ending.usage),
): JobWrite => {
  const owed = owing(job);
  const rest = restDue({ ...job, ...owed, stopOwed: upstreamRuns || undefined }, nowMs);
  const set = { ...ended(job, ending, nowMs, spent), ...owed, ...rest.set };
  return fenced(job, 'settle', set, rest.clear);
};

/** Back to the queue after a failure that another attempt may mend, not before `afterMs` from now. */
export const requeue = (
  job: Job,
  failure: {
    afterMs: number;
    error: JobError;
    resent: boolean;
    /** The attempts on this upstream are spent, and the next choice's begin. */
    nextChoice: boolean;
    /** The generation can be resumed by the next attempt. */
    resumable: boolean;
    spent?: Spent;
  },
  nowMs: EpochMs,
): JobWrite => {
  const notBeforeMs = after(nowMs, failure.afterMs);
  const byMessage = failure.afterMs <= maxMessageDelayMs;
  return fenced(
    job,
    'requeue',
    {
      status: 'queued',
      notBeforeMs,
      ...dueBy(job, byMessage ? after(notBeforeMs, resendFirstMs) : notBeforeMs),
      epoch: failure.resent ? job.epoch + 1 : job.epoch,
      ...(failure.nextChoice ? { choice: (job.choice ?? 0) + 1, strikes: 0 } : {}),
      ledger: closeAttempt(
        job,
        {
          endedAtMs: nowMs,
          outcome: 'requeued',
          errorCode: failure.error.code,
          errorMessage: failure.error.message,
        },
        failure.spent,
      ),
    },
    failure.resumable ? [] : ['upstreamId', 'upstreamSeq'],
  );
};

/** The inline attempt hands over to a worker; that it had to is not held against the job. */
export const promote = (job: Job, nowMs: EpochMs, spent?: Spent): JobWrite =>
  fenced(job, 'promote', {
    status: 'queued',
    strikes: job.strikes - 1,
    epoch: job.epoch + 1,
    notBeforeMs: epochMs(0),
    ...dueBy(job, after(nowMs, resendFirstMs)),
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'promoted' }, spent),
  });

/** A worker whose function ends lets go of a generation that goes on without it; the sweep sends. */
export const handOver = (job: Job, nowMs: EpochMs, spent?: Spent): JobWrite =>
  fenced(job, 'hand-over', {
    status: 'queued',
    strikes: job.strikes - 1,
    notBeforeMs: epochMs(0),
    ...dueBy(job, nowMs),
    ledger: closeAttempt(job, { endedAtMs: nowMs, outcome: 'promoted' }, spent),
  });
