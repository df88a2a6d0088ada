import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { defer, type Waiting } from '../../../lib/job/defer.ts';
import { dueAction } from '../../../lib/job/due.ts';
import { jobStatuses } from '../../../lib/job/job.ts';
import { after } from '../../../lib/job/time.ts';
import { claim } from '../../../lib/job/transition.ts';
import { applyWrite } from '../../../lib/job/write.ts';
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const nowMs = after(noonMs, 20_000);
const waiting = (changes: Partial<Waiting> = {}): Waiting => ({
  for: 'circuit',
  untilMs: after(nowMs, 30_000),
  spreadMs: 20_000,
  random: 0.5,
  ...changes,
});
const queued = newJob('queued');

describe('a deferred job', () => {
  it('waits on the due index, and has lost nothing', () => {
    const deferred = applyWrite(queued, defer(queued, waiting(), nowMs));
    expect(deferred).toEqual({
      ...queued,
      notBeforeMs: after(nowMs, 40_000),
      dueAtMs: after(nowMs, 40_000),
      waitingFor: 'circuit',
    });
  });

  it('is sent for at its time, and is not said to wait once it is claimed', () => {
    const deferred = applyWrite(queued, defer(queued, waiting(), nowMs));
    if (deferred === undefined) throw new Error('It was not deferred.');
    expect(dueAction(deferred, after(nowMs, 39_999))).toEqual({ kind: 'nothing' });
    const dueMs = after(nowMs, 40_000);
    const action = dueAction(deferred, dueMs);
    expect(action).toMatchObject({ kind: 'write', send: true, write: { name: 'resend' } });
    const by = { owner: 'w', upstream: 'u', model: 'demo', nowMs: dueMs };
    expect(applyWrite(deferred, claim(deferred, by))).not.toHaveProperty('waitingFor');
  });

  it('was queued, under the attempt that was seen, and was not early', () => {
    for (const status of jobStatuses) {
      const job =
        status === 'queued' || status === 'in_progress'
          ? { ...queued, status }
          : { ...queued, status, endedAtMs: noonMs };
      expect(applyWrite(job, defer(queued, waiting(), nowMs)) !== undefined).toBe(
        status === 'queued',
      );
    }
    expect(applyWrite({ ...queued, attempt: 1 }, defer(queued, waiting(), nowMs))).toBeUndefined();
    const early = { ...queued, notBeforeMs: after(nowMs, 1) };
    expect(applyWrite(early, defer(early, waiting(), nowMs))).toBeUndefined();
  });

  it('comes back in time for its deadline, or has failed of it', () => {
    fc.assert(
      fc.property(
        fc.nat(7_200_000),
        fc.nat(600_000),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (untilMs, spreadMs, random) => {
          const at = waiting({ untilMs: after(nowMs, untilMs), spreadMs, random });
          const next = applyWrite(queued, defer(queued, at, nowMs));
          const leftMs = queued.deadlineAtMs - nowMs - untilMs;
          if (leftMs < 1_000) {
            expect(next).toMatchObject({ status: 'failed', error: { code: 'deadline_exceeded' } });
            return;
          }
          expect(next?.status).toBe('queued');
          expect(next?.dueAtMs).toBe(next?.notBeforeMs);
          expect(next?.notBeforeMs).toBeGreaterThanOrEqual(at.untilMs);
          expect(next?.notBeforeMs).toBeLessThanOrEqual(queued.deadlineAtMs - 1_000);
        },
      ),
    );
  });
});
