import { describe, expect, test } from 'vitest';
import { settlementOf } from '../../../lib/job/charge.ts';
import type { Job, LiveJob } from '../../../lib/job/job.ts';
import { cancel } from '../../../lib/job/outside.ts';
import { settle } from '../../../lib/job/transition.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const charge = { day: '2026-11-20', tokens: 1_000, isCounted: true };

const written = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  if (next === undefined) throw new Error(`${write.name} is refused`);
  return next;
};

const completed = (job: LiveJob, tokens: number): Job =>
  written(
    job,
    settle(
      job,
      {
        status: 'completed',
        usage: { input_tokens: 0, output_tokens: tokens, total_tokens: tokens },
      },
      false,
      noonMs,
    ),
  );

describe('what a job was charged', () => {
  test('is not settled while it is live, nor where it was not charged', () => {
    expect(settlementOf(newJob('inline', { charge }))).toBeUndefined();
    expect(settlementOf(completed(newJob('inline'), 10))).toBeUndefined();
    const slotOnly = newJob('inline', { charge: { needsSlot: true } });
    expect(settlementOf(completed(slotOnly, 10))).toBeUndefined();
  });

  test.each([
    [400, -600],
    [1_000, 0],
    [1_500, 500],
  ])('and used %i tokens of moves the day by %i', (used, tokens) => {
    const settlement = settlementOf(completed(newJob('inline', { charge }), used));
    expect(settlement).toMatchObject({ tokens, day: charge.day, isFirst: true });
  });

  test('is settled by one of those who try', () => {
    const job = completed(newJob('inline', { charge }), 400);
    const [one, other] = [settlementOf(job), settlementOf(job)];
    if (one === undefined || other === undefined) throw new Error('nothing to settle');
    const settled = written(job, one.write);
    expect(applyWrite(settled, other.write)).toBeUndefined();
    expect(settlementOf(settled)).toBeUndefined();
  });

  test('is settled again by what the ledger has grown since, and the job counts once', () => {
    const job = newJob('queued', { charge });
    const cancelled = written(job, cancel(job, noonMs));
    const first = settlementOf(cancelled);
    expect(first).toMatchObject({ tokens: -1_000, isFirst: true });
    if (first === undefined) throw new Error('nothing to settle');
    const settled = written(cancelled, first.write);
    const usage = { input_tokens: 5, output_tokens: 20, total_tokens: 25 };
    const [record] = newJob('inline').ledger;
    if (record === undefined) throw new Error('no attempt');
    const grown: Job = { ...settled, ledger: [{ ...record, usage }] };
    expect(settlementOf(grown)).toMatchObject({ tokens: 25, isFirst: false });
  });
});
