import { describe, expect, it } from 'vitest';
import { mayOwe, owing, remind, tellAgain, told } from '../../../lib/job/callback.ts';
import { dueAction } from '../../../lib/job/due.ts';
import { type EndedJob, isEnded, type Job, type LiveJob } from '../../../lib/job/job.ts';
import { cancel } from '../../../lib/job/outside.ts';
import { bury, stopped } from '../../../lib/job/rest.ts';
import { after } from '../../../lib/job/time.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import { deliveryResendMs, unstoredKeptMs } from '../../../lib/limits.ts';
import { newJob } from '../../fixtures/new-job.ts';

const callback = { url: 'https://hooks.example.com/' };

const written = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  if (next === undefined) throw new Error(`${write.name} was refused`);
  return next;
};

const ended = (more: Partial<LiveJob> = {}): EndedJob => {
  const job = newJob('queued', { callback, ...more });
  const cancelled = written(job, cancel(job, job.createdAtMs));
  if (!isEnded(cancelled)) throw new Error('not ended');
  return cancelled;
};
const asEnded = (job: Job): EndedJob => {
  if (!isEnded(job)) throw new Error('not ended');
  return job;
};

it('only a job with a callback, or of a tenant with endpoints, owes anything', () => {
  expect([mayOwe({}), mayOwe({ callback }), mayOwe({ notify: true })]).toEqual([false, true, true]);
  expect(owing({})).toEqual({});
  expect(ended({ callback: undefined })).not.toHaveProperty('owed');
});

describe('an end that is owed', () => {
  it('is due a little later, whether it was to be stored or not', () => {
    for (const unstored of [undefined, true]) {
      const job = ended({ unstored });
      expect(job).toMatchObject({ owed: true, deliveryNo: 1 });
      expect(job.dueAtMs).toBe(after(job.endedAtMs, deliveryResendMs));
    }
  });

  it('is sent for again when it is due, and later once more', () => {
    const job = ended();
    const nowMs = after(job.endedAtMs, deliveryResendMs);
    expect(dueAction(job, nowMs)).toEqual({ kind: 'tell', write: remind(job, nowMs) });
    const reminded = written(job, remind(job, nowMs));
    expect(reminded).toMatchObject({ owed: true, dueAtMs: after(nowMs, deliveryResendMs) });
    // Of two sweeps one sends.
    expect(applyWrite(reminded, remind(job, nowMs))).toBeUndefined();
  });

  it('leaves nothing to do once it is told, but to erase what is not stored', () => {
    expect(written(ended(), told(ended()))).not.toHaveProperty('owed');
    expect(written(ended(), told(ended())).dueAtMs).toBeUndefined();
    const unstored = ended({ unstored: true });
    const rest = written(unstored, told(unstored));
    expect(rest.dueAtMs).toBe(after(unstored.endedAtMs, unstoredKeptMs));
  });

  it('waits for the upstream to be stopped, and either is done without the other', () => {
    const both = ended({ upstreamId: 'resp_1' });
    expect(both).toMatchObject({ stopOwed: true, owed: true, dueAtMs: both.endedAtMs });
    const toldFirst = asEnded(written(both, told(both)));
    expect(toldFirst).toMatchObject({ stopOwed: true, dueAtMs: both.endedAtMs });
    expect(written(toldFirst, stopped(toldFirst)).dueAtMs).toBeUndefined();
    const stoppedFirst = asEnded(written(both, stopped(both)));
    expect(stoppedFirst).toMatchObject({
      owed: true,
      dueAtMs: after(both.endedAtMs, deliveryResendMs),
    });
    expect(written(stoppedFirst, told(stoppedFirst)).dueAtMs).toBeUndefined();
    // What was decided before the other came between is decided anew.
    expect(applyWrite(toldFirst, stopped(both))).toBeUndefined();
    expect(applyWrite(stoppedFirst, told(both))).toBeUndefined();
  });

  it('goes with the job when it is deleted, and so does where it was to be told', () => {
    const job = ended();
    const buried = written(job, bury(job, job.endedAtMs));
    expect(buried).not.toHaveProperty('owed');
    expect(buried).not.toHaveProperty('callback');
    expect(applyWrite(buried, told(job))).toBeUndefined();
  });
});

it('each telling has a number of its own, and only the last one is told', () => {
  const first = ended();
  const done = asEnded(written(first, told(first)));
  const again = asEnded(written(done, tellAgain(done, done.endedAtMs)));
  expect(again).toMatchObject({ owed: true, deliveryNo: 2 });
  expect(applyWrite(again, told(first))).toBeUndefined();
  expect(applyWrite(again, tellAgain(done, done.endedAtMs))).toBeUndefined();
});

it('a job that never owed anything can be told of', () => {
  const silent = ended({ callback: undefined });
  expect(written(silent, tellAgain(silent, silent.endedAtMs))).toMatchObject({
    owed: true,
    deliveryNo: 1,
  });
});
