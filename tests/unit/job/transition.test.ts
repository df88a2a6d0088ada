import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { dueAction } from '../../../lib/job/due.ts';
import { jobError } from '../../../lib/job/failure.ts';
import { isEnded, type Job, jobStatuses } from '../../../lib/job/job.ts';
import { cancel, expire, giveUp, overrun } from '../../../lib/job/outside.ts';
import { bury } from '../../../lib/job/rest.ts';
import { after, epochMs } from '../../../lib/job/time.ts';
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
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const error = jobError(new Fault('upstream_error', 'The model server failed.'));
const laterMs = after(noonMs, 20_000);
const lateMs = after(noonMs, 60_000);

const failure = { error, resent: true, nextChoice: false, resumable: false };
const by = (owner: string) => ({ owner, upstream: 'u', model: 'demo', nowMs: laterMs });

const queued = newJob('queued');
const running = newJob('inline');
const ended = { ...running, status: 'completed', endedAtMs: noonMs } as const;

const must = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  expect(next, `${write.name} holds`).toBeDefined();
  return next ?? job;
};

/** Each write, the statuses it may leave and the one it leads to. */
const edges: readonly (readonly [string, (job: Job) => JobWrite, readonly string[], string])[] = [
  ['claim', (job) => claim(job, by('w')), ['queued'], 'in_progress'],
  ['renew', (job) => renew(job, laterMs), ['in_progress'], 'in_progress'],
  ['begin', (job) => begin(job, 'up_1', laterMs), ['in_progress'], 'in_progress'],
  ['begin anew', (job) => begin(job, undefined, laterMs), ['in_progress'], 'in_progress'],
  ['forget', (job) => forget(job, laterMs), ['in_progress'], 'in_progress'],
  ['adopt', (job) => adopt(job, laterMs), ['in_progress'], 'in_progress'],
  [
    'checkpoint',
    (job) =>
      checkpoint(job, { segments: [{ attempt: 1, upTo: 3 }], seq: 3, upstreamSeq: 7 }, laterMs),
    ['in_progress'],
    'in_progress',
  ],
  [
    'settle',
    (job) => settle(job, { status: 'completed' }, false, laterMs),
    ['in_progress'],
    'completed',
  ],
  [
    'requeue',
    (job) => requeue(job, { ...failure, afterMs: 1_000 }, laterMs),
    ['in_progress'],
    'queued',
  ],
  ['promote', (job) => promote(job, laterMs), ['in_progress'], 'queued'],
  ['hand-over', (job) => handOver(job, laterMs), ['in_progress'], 'queued'],
  ['cancel', (job) => cancel(job, laterMs), ['queued', 'in_progress'], 'cancelled'],
  ['bury', (job) => bury(job, laterMs), ['queued', 'in_progress'], 'cancelled'],
];

describe('the state machine', () => {
  for (const [name, make, from, to] of edges) {
    for (const status of jobStatuses) {
      const before: Job =
        status === 'queued' || status === 'in_progress'
          ? { ...running, status }
          : { ...running, status, endedAtMs: noonMs };
      if (from.includes(status)) {
        it(`${name} leads from ${status} to ${to}`, () => {
          expect(must(before, make(before)).status).toBe(to);
        });
      } else {
        it(`${name} is refused on a ${status} job, even one that was read before`, () => {
          const read: Job = {
            ...running,
            status: from.includes('queued') ? 'queued' : 'in_progress',
          };
          expect(applyWrite(before, make(read))).toBeUndefined();
        });
      }
    }
  }

  it('leaves a terminal job as it is, whatever was read before it ended', () => {
    for (const write of [
      expire(running, lateMs),
      giveUp(running, error, lateMs),
      overrun(running, error, lateMs),
      overrun(queued, error, lateMs),
    ]) {
      expect(applyWrite(ended, write), write.name).toBeUndefined();
    }
  });

  it('refuses every write of an attempt once another has claimed the job', () => {
    const requeued = must(running, promote(running, laterMs));
    const claimed = must(requeued, claim(requeued, by('w2')));
    for (const [name, make, from] of edges) {
      if (from.includes('in_progress') && make(running).name !== 'claim') {
        expect(applyWrite(claimed, make(running)), name).toBeUndefined();
      }
    }
  });

  it('refuses a write that does not follow the last one of its own attempt', () => {
    const renewed = must(running, renew(running, laterMs));
    expect(
      applyWrite(renewed, settle(running, { status: 'completed' }, false, laterMs)),
    ).toBeUndefined();
    expect(
      applyWrite(renewed, settle(renewed, { status: 'completed' }, false, laterMs)),
    ).toBeDefined();
  });
});

describe('claim', () => {
  it('lets only one of two workers that read the same job have it', () => {
    const first = must(queued, claim(queued, by('a')));
    const second = claim(queued, by('b'));
    expect(applyWrite(first, second)).toBeUndefined();
  });

  it('is refused before its time', () => {
    const waiting = { ...queued, notBeforeMs: after(laterMs, 1) };
    expect(applyWrite(waiting, claim(waiting, by('a')))).toBeUndefined();
  });

  it('counts an attempt and a strike, and opens a line of the ledger', () => {
    const job = must(queued, claim(queued, by('a')));
    expect(job).toMatchObject({ attempt: 1, strikes: 1, writeNo: 0, owner: 'a' });
    expect(job.ledger).toEqual([
      { attempt: 1, via: 'worker', upstream: 'u', model: 'demo', fromSeq: 0, startedAtMs: laterMs },
    ]);
  });
});

describe('renew', () => {
  it('moves the due time with the lease only every 15 s', () => {
    const soon = must(running, renew(running, after(noonMs, 14_000)));
    expect(soon.dueAtMs).toBe(running.dueAtMs);
    expect(soon.leaseExpiresAtMs).toBe(after(noonMs, 59_000));
    const later = must(soon, renew(soon, after(noonMs, 15_000)));
    expect(later.dueAtMs).toBe(after(noonMs, 70_000));
  });
});

describe('requeue', () => {
  it('waits for the due index when the message cannot wait that long', () => {
    const hour = must(running, requeue(running, { ...failure, afterMs: 1_800_000 }, noonMs));
    expect(hour).toMatchObject({
      notBeforeMs: after(noonMs, 1_800_000),
      dueAtMs: after(noonMs, 1_800_000),
    });
  });

  it('keeps the strike; promotion gives it back', () => {
    expect(must(running, requeue(running, { ...failure, afterMs: 1 }, noonMs)).strikes).toBe(1);
    expect(must(running, promote(running, noonMs)).strikes).toBe(0);
  });
});

describe('dueAction', () => {
  const act = (job: Job, nowMs: number) => dueAction(job, epochMs(nowMs));

  it('leaves alone what is not due, and a lease within the clocks’ margin', () => {
    expect(act(queued, noonMs)).toEqual({ kind: 'nothing' });
    expect(act({ ...running, dueAtMs: noonMs }, noonMs + 55_000)).toEqual({ kind: 'nothing' });
    expect(act({ ...running, dueAtMs: noonMs }, noonMs + 55_001)).toMatchObject({
      write: { name: 'expire' },
      send: true,
    });
  });

  it('sends a lost message again, each time twice as late', () => {
    let job: Job = queued;
    const gaps: number[] = [];
    for (let round = 0; round < 4; round += 1) {
      const atMs = job.dueAtMs ?? noonMs;
      const action = dueAction(job, atMs);
      if (action.kind !== 'write') throw new Error('nothing was due');
      job = must(job, action.write);
      gaps.push(((job.dueAtMs ?? 0) - atMs) / 60_000);
    }
    expect(gaps).toEqual([2, 4, 8, 16]);
  });

  it('does not charge the first crash, and every one after it', () => {
    let job: Job = running;
    const strikes: number[] = [];
    while (job.status === 'in_progress') {
      const atMs = after(job.leaseExpiresAtMs, 60_000);
      const action = dueAction(job, atMs);
      if (action.kind !== 'write') throw new Error('nothing was due');
      job = must(job, action.write);
      if (isEnded(job)) break;
      strikes.push(job.strikes);
      job = must(job, claim(job, { ...by('b'), nowMs: atMs }));
    }
    expect(strikes).toEqual([0, 1, 2, 3]);
    expect(job).toMatchObject({ status: 'failed', attempt: 5, error: { code: 'worker_lost' } });
    expect(isEnded(job) && job.error?.message).toMatch(/^The worker stopped in 5 of 5 attempts/);
  });

  it('gives the first crash back also when every strike is spent on failures', () => {
    const spent = { ...running, strikes: 4 };
    const action = act(spent, noonMs + 60_000);
    expect(action).toMatchObject({ write: { name: 'expire', set: { strikes: 3 } }, send: true });
  });

  it('fails a job whose worker was lost again in the last of its attempts', () => {
    const lost = running.ledger.map((record) => ({ ...record, outcome: 'lost' as const }));
    const spent = { ...running, strikes: 4, ledger: lost };
    const action = act(spent, noonMs + 60_000);
    expect(action).toMatchObject({ write: { name: 'give-up' }, send: false });
    if (action.kind === 'write') {
      expect(must(spent, action.write)).toMatchObject({
        status: 'failed',
        error: { code: 'worker_lost' },
      });
    }
  });

  it('fails a job past its deadline, whoever holds it, and names what went wrong before', () => {
    const failed = must(running, requeue(running, { ...failure, afterMs: 1 }, noonMs));
    const action = act(failed, noonMs + 3_600_000);
    expect(action).toMatchObject({ write: { name: 'overrun' } });
    if (action.kind === 'write') {
      expect(must(failed, action.write)).toMatchObject({
        status: 'failed',
        error: {
          code: 'deadline_exceeded',
          message: expect.stringContaining('The model server failed.'),
        },
      });
    }
    expect(act(running, noonMs + 3_600_000)).toMatchObject({ write: { name: 'overrun' } });
  });
});
