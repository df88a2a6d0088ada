import { describe, expect, it } from 'vitest';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import { cancel } from '../../../lib/job/outside.ts';
import { bury, leave } from '../../../lib/job/rest.ts';
import { after } from '../../../lib/job/time.ts';
import { applyWrite } from '../../../lib/job/write.ts';
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const laterMs = after(noonMs, 5_000);

const cancelled = () => {
  const job = applyWrite(newJob('inline'), cancel(newJob('inline'), laterMs));
  if (job === undefined || !isEnded(job)) throw new Error('The job was not cancelled.');
  return job;
};

describe('the output that a cancelled attempt leaves', () => {
  const chunk = { first: 1, deltas: ['a', 'b', 'c'] };

  it('is added to the job, and nothing else of its end is touched', () => {
    const before = cancelled();
    const left = applyWrite(before, leave(before, chunk));
    expect(left).toEqual({
      ...before,
      segments: [{ attempt: 1, upTo: 3 }],
      seq: 3,
      leaseExpiresAtMs: 0,
    });
  });

  it('is told to be nothing where there is none', () => {
    const before = cancelled();
    expect(applyWrite(before, leave(before, undefined))).toEqual({
      ...before,
      leaseExpiresAtMs: 0,
    });
  });

  it('is refused for any other end, for another attempt, and behind a tombstone', () => {
    const before = cancelled();
    const others: (Job | undefined)[] = [
      { ...before, status: 'failed' },
      { ...before, attempt: 2 },
      { ...before, owner: 'somebody' },
      applyWrite(before, bury(before, laterMs)),
    ];
    for (const other of others) {
      expect(other).toBeDefined();
      if (other !== undefined) expect(applyWrite(other, leave(before, chunk))).toBeUndefined();
    }
  });
});
