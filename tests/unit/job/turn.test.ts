import { describe, expect, test } from 'vitest';
import { waitingFromTheStart } from '../../../lib/job/create.ts';
import { dueAction } from '../../../lib/job/due.ts';
import type { Job } from '../../../lib/job/job.ts';
import { cancel } from '../../../lib/job/outside.ts';
import { after } from '../../../lib/job/time.ts';
import { claim } from '../../../lib/job/transition.ts';
import { giveTurn, leaveLine, needsSlot, waitForTurn } from '../../../lib/job/turn.ts';
import { awaitsTurn } from '../../../lib/job/turn-key.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const written = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  if (next === undefined) throw new Error(`${write.name} is refused`);
  return next;
};

const waiting = waitingFromTheStart(newJob('queued', { charge: { needsSlot: true } }));
const by = { owner: 'worker', upstream: 'demo', model: 'demo', nowMs: noonMs };

describe('a job that waits for its turn', () => {
  test('is due for nothing but its deadline', () => {
    expect(awaitsTurn(waiting)).toBe(true);
    expect(needsSlot(waiting, noonMs)).toBe(false);
    expect(dueAction(waiting, after(waiting.deadlineAtMs, -1))).toEqual({ kind: 'nothing' });
    expect(dueAction(waiting, waiting.deadlineAtMs)).toMatchObject({
      write: { name: 'overrun' },
      send: false,
    });
  });

  test('is given it once, and is then looked after like any other', () => {
    const called = written(waiting, giveTurn(waiting, noonMs));
    expect(awaitsTurn(called)).toBe(false);
    expect(needsSlot(called, noonMs)).toBe(true);
    expect(called).not.toHaveProperty('waitingFor');
    expect(called.epoch).toBe(waiting.epoch + 1);
    expect(called.dueAtMs).toBeLessThan(called.deadlineAtMs);
    expect(applyWrite(called, giveTurn(waiting, noonMs))).toBeUndefined();
  });

  test('leaves the line when it is claimed all the same, and when it ends', () => {
    expect(awaitsTurn(written(waiting, claim(waiting, by)))).toBe(false);
    expect(written(waiting, cancel(waiting, noonMs))).not.toHaveProperty('turn');
  });

  test('leaves it also after a worker that knows of no turns has claimed or ended it', () => {
    const { turn: _, ...set } = claim(waiting, by).set;
    const claimed = written(waiting, { ...claim(waiting, by), set });
    expect(awaitsTurn(claimed)).toBe(true);
    expect(awaitsTurn(written(claimed, leaveLine(claimed)))).toBe(false);
    const ended: Job = { ...waiting, status: 'cancelled', endedAtMs: noonMs };
    expect(written(ended, leaveLine(ended))).not.toHaveProperty('turn');
  });
});

describe('a job that has its turn', () => {
  const job = newJob('queued', { turn: 'live#acme', charge: { needsSlot: true } });

  test('may be made to wait as long as nobody has claimed it or sent for it again', () => {
    expect(awaitsTurn(written(job, waitForTurn(job)))).toBe(true);
    expect(applyWrite({ ...job, epoch: 2 }, waitForTurn(job))).toBeUndefined();
    expect(applyWrite(written(job, claim(job, by)), waitForTurn(job))).toBeUndefined();
  });

  test('needs no slot while it waits out a pause', () => {
    expect(needsSlot({ ...job, notBeforeMs: after(noonMs, 1) }, noonMs)).toBe(false);
    expect(needsSlot({ ...job, notBeforeMs: noonMs }, noonMs)).toBe(true);
  });
});
