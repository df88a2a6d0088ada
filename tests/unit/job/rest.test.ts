import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { dueAction } from '../../../lib/job/due.ts';
import { jobError } from '../../../lib/job/failure.ts';
import { type EndedJob, isEnded, type Job } from '../../../lib/job/job.ts';
import { cancel, expire, giveUp, overrun } from '../../../lib/job/outside.ts';
import { bury, purged, repeat, stopped } from '../../../lib/job/rest.ts';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import {
  adopt,
  begin,
  checkpoint,
  claim,
  forget,
  handOver,
  promote,
  renew,
  requeue,
  settle,
} from '../../../lib/job/transition.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import { purgeAgainMs, unstoredKeptMs } from '../../../lib/limits.ts';
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const error = jobError(new Fault('upstream_error', 'The model server failed.'));
const lateMs = after(noonMs, 60_000);

const must = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  expect(next, `${write.name} holds`).toBeDefined();
  return next ?? job;
};
const ended = (job: Job): EndedJob => {
  if (!isEnded(job)) throw new Error('The job has not ended.');
  return job;
};

const running = newJob('inline');
const generating = must(running, begin(running, 'up_1', noonMs));

/** What is owed for a job, as protocol.md has it; `isPurged`: its tombstone was purged twice. */
const isOwed = (job: Job, isPurged: boolean): boolean => {
  if (job.status === 'queued' || job.status === 'in_progress') return true;
  const { stopOwed, deletedAtMs, unstored } = ended(job);
  if (stopOwed) return true;
  return deletedAtMs === undefined ? unstored === true : !isPurged;
};

type Make = (read: Job, nowMs: EpochMs, nonce: string) => JobWrite | undefined;

const bySweep: Make = (read, nowMs) => {
  const action = dueAction(read, nowMs);
  if (action.kind === 'write') return action.write;
  if (action.kind === 'stop') return stopped(action.job);
  if (action.kind === 'erase') return bury(action.job, nowMs);
  return action.kind === 'purge' ? purged(action.job) : undefined;
};

const failed = (nextChoice: boolean): Make => {
  return (read, nowMs) => {
    const resumable = read.upstreamId !== undefined && !nextChoice;
    return requeue(read, { afterMs: 1_000, error, resent: false, nextChoice, resumable }, nowMs);
  };
};

const onStatus =
  (status: Job['status'], make: Make): Make =>
  (read, nowMs, nonce) =>
    read.status === status ? make(read, nowMs, nonce) : undefined;
const onLive =
  (make: Make): Make =>
  (read, nowMs, nonce) =>
    isEnded(read) ? undefined : make(read, nowMs, nonce);

/** Everything that anybody writes, on whatever they read. */
const writers: readonly Make[] = [
  onStatus('queued', (read, nowMs, owner) =>
    claim(read, { owner, upstream: 'u', model: 'demo', nowMs }),
  ),
  (read, nowMs) => renew(read, nowMs),
  (read, nowMs, id) => begin(read, id, nowMs),
  (read, nowMs) => begin(read, undefined, nowMs),
  (read, nowMs) => adopt(read, nowMs),
  (read, nowMs) => forget(read, nowMs),
  (read, nowMs) => {
    const seq = read.seq + 1;
    const segments = [{ attempt: read.attempt, upTo: seq }];
    return checkpoint(read, { segments, seq, upstreamSeq: seq * 2 }, nowMs);
  },
  (read, nowMs) => settle(read, { status: 'completed' }, false, nowMs),
  (read, nowMs) => settle(read, { status: 'failed', error }, read.upstreamId !== undefined, nowMs),
  failed(false),
  failed(true),
  (read, nowMs) => promote(read, nowMs),
  (read, nowMs) => handOver(read, nowMs),
  onLive((read, nowMs) => cancel(read, nowMs)),
  (read, nowMs) => bury(read, nowMs),
  onLive((read, nowMs) => overrun(read, error, nowMs)),
  onStatus('in_progress', (read, nowMs) => giveUp(read, error, nowMs)),
  onStatus('in_progress', (read, nowMs) => expire(read, nowMs)),
  (read) => (isEnded(read) && read.stopOwed ? stopped(read) : undefined),
  (read, _, id) => (isEnded(read) ? repeat(read, `gen_${id}`) : undefined),
  bySweep,
  bySweep,
];

const step = fc.record({
  writer: fc.nat(writers.length - 1),
  /** How many versions ago the writer read the job. */
  staleness: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.nat(4)),
  afterMs: fc.constantFrom(0, 1_000, 20_000, 70_000, 660_000, 1_200_000, 4_000_000),
});
const start = fc.constantFrom(
  newJob('queued'),
  running,
  generating,
  newJob('inline', { unstored: true }),
  newJob('inline', { live: true }),
);

describe('after any writes, by any writers, on anything they read before', () => {
  it('what is owed has a due time, terminal is final and no generation is forgotten', () => {
    fc.assert(
      fc.property(start, fc.array(step, { maxLength: 40 }), (first, steps) => {
        const versions: Job[] = [first];
        let nowMs = noonMs;
        let isPurged = false;
        for (const [index, { writer, staleness, afterMs }] of steps.entries()) {
          nowMs = after(nowMs, afterMs);
          const job = versions.at(-1) ?? first;
          const read = versions.at(-1 - staleness) ?? first;
          const write = writers[writer]?.(read, nowMs, `n${index}`);
          const next = write === undefined ? undefined : applyWrite(job, write);
          if (write === undefined || next === undefined) continue;
          versions.push(next);
          isPurged ||= write.name === 'purged';

          expect(next.dueAtMs !== undefined, write.name).toBe(isOwed(next, isPurged));
          if (!isEnded(next)) {
            expect(next.dueAtMs).toBeLessThanOrEqual(next.deadlineAtMs);
            continue;
          }
          expect(next.stopOwed === true, write.name).toBe(next.upstreamId !== undefined);
          expect(next.ledger.every(({ outcome }) => outcome !== undefined)).toBe(true);
          if (isEnded(job)) {
            expect(next.status).toBe(job.status);
            expect(next.endedAtMs).toBe(job.endedAtMs);
          } else if (write.name !== 'settle') {
            expect(next.upstreamId).toBe(job.upstreamId);
          }
        }
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('who ends a job from outside', () => {
  const outsiders: readonly (readonly [string, (read: Job) => JobWrite])[] = [
    ['cancel', (read) => cancel(read, lateMs)],
    ['overrun', (read) => overrun(read, error, lateMs)],
    ['give-up', (read) => giveUp(read, error, lateMs)],
    ['bury', (read) => bury(read, lateMs)],
  ];

  it.each(outsiders)('%s owes the stop of a generation that goes on upstream', (_, make) => {
    expect(must(generating, make(generating))).toMatchObject({
      stopOwed: true,
      upstreamId: 'up_1',
      dueAtMs: lateMs,
    });
  });

  it.each(outsiders)('%s is refused when a generation began after the job was read', (_, make) => {
    expect(applyWrite(generating, make(running))).toBeUndefined();
  });
});

describe('a generation that was told to stop', () => {
  it('is owed no more', () => {
    const cancelled = must(generating, cancel(generating, lateMs));
    const told = must(cancelled, stopped(ended(cancelled)));
    expect(told.dueAtMs).toBeUndefined();
    expect(told).not.toHaveProperty('upstreamId');
    expect(told).not.toHaveProperty('stopOwed');
  });

  it('leaves the due time of a tombstone that was made meanwhile', () => {
    const cancelled = must(generating, cancel(generating, lateMs));
    const buried = must(cancelled, bury(cancelled, lateMs));
    expect(applyWrite(buried, stopped(ended(cancelled)))).toBeUndefined();
    expect(must(buried, stopped(ended(buried))).dueAtMs).toBe(after(lateMs, purgeAgainMs));
  });
});

describe('a tombstone', () => {
  it('holds nothing of what was asked, said or wrong', () => {
    const full: Job = {
      ...generating,
      metadata: { secret: 'x' },
      previousResponseId: 'resp_1',
      segments: [{ attempt: 1, upTo: 3 }],
    };
    const spoken = { ...error, message: 'You said: secret.' };
    const failedJob = must(full, settle(full, { status: 'failed', error: spoken }, false, lateMs));
    const tombstone = must(failedJob, bury(failedJob, lateMs));
    expect(tombstone).toMatchObject({ status: 'failed', deletedAtMs: lateMs, segments: [] });
    for (const field of ['metadata', 'error', 'final', 'previousResponseId']) {
      expect(tombstone).not.toHaveProperty(field);
    }
    expect(JSON.stringify(tombstone)).not.toContain('secret');
  });

  it('of a live job closes its ledger', () => {
    expect(must(generating, bury(generating, lateMs))).toMatchObject({
      status: 'cancelled',
      ledger: [{ outcome: 'cancelled', endedAtMs: lateMs }],
    });
  });
});

describe('a job whose content is not kept', () => {
  it('is due ten minutes after its end, and is erased then', () => {
    const unstored = newJob('inline', { unstored: true });
    const done = must(unstored, settle(unstored, { status: 'completed' }, false, lateMs));
    expect(done.dueAtMs).toBe(after(lateMs, unstoredKeptMs));
    expect(dueAction(done, after(lateMs, unstoredKeptMs - 1))).toEqual({ kind: 'nothing' });
    expect(dueAction(done, after(lateMs, unstoredKeptMs))).toMatchObject({ kind: 'erase' });
  });
});

describe('a failed job', () => {
  const done = must(running, settle(running, { status: 'failed', error }, false, lateMs));

  it('is repeated once', () => {
    const repeated = must(done, repeat(ended(done), 'gen_new'));
    expect(repeated).toMatchObject({ status: 'failed', retriedAs: 'gen_new' });
    expect(applyWrite(repeated, repeat(ended(done), 'gen_other'))).toBeUndefined();
  });

  it('is not repeated once it was deleted', () => {
    const buried = must(done, bury(done, lateMs));
    expect(applyWrite(buried, repeat(ended(done), 'gen_new'))).toBeUndefined();
  });
});

describe('an adopted attempt', () => {
  const queued = must(generating, expire(generating, after(noonMs, 70_000)));
  const second = must(
    queued,
    claim(queued, { owner: 'b', upstream: 'u', model: 'demo', nowMs: after(noonMs, 71_000) }),
  );

  it('keeps the generation of a lost one, and says that it cost nothing anew', () => {
    expect(must(second, adopt(second, lateMs))).toMatchObject({
      upstreamId: 'up_1',
      ledger: [{ outcome: 'lost' }, { adopted: true }],
    });
  });

  it('that has to begin anew after all does not say so', () => {
    const adopted = must(second, adopt(second, lateMs));
    const forgot = must(adopted, forget(adopted, lateMs));
    expect(forgot.ledger[1]).toMatchObject({ adopted: false });
    expect(forgot).not.toHaveProperty('upstreamId');
  });
});
