import { describe, expect, it, test } from 'vitest';
import type { AttemptRecord, Job, JobError } from '../../../lib/job/job.ts';
import { isEnded } from '../../../lib/job/job.ts';
import { cancel, expire, giveUp, overrun } from '../../../lib/job/outside.ts';
import { bury, leave } from '../../../lib/job/rest.ts';
import type { Spent } from '../../../lib/job/spend.ts';
import { after } from '../../../lib/job/time.ts';
import { tokensOf } from '../../../lib/job/tokens.ts';
import {
  adopt,
  begin,
  checkpoint,
  claim,
  forget,
  handOver,
  promote,
  requeue,
  settle,
} from '../../../lib/job/transition.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import { newJob, noonMs } from '../../fixtures/new-job.ts';

const laterMs = after(noonMs, 120_000);
const error: JobError = { message: 'm', type: 't', param: null, code: 'c', httpStatus: 502 };

const must = (job: Job, write: JobWrite): Job => {
  const next = applyWrite(job, write);
  if (next === undefined) throw new Error(`${write.name} was refused.`);
  return next;
};
const run = (job: Job, ...steps: readonly ((job: Job) => JobWrite)[]): Job =>
  steps.reduce((now, step) => must(now, step(now)), job);

const stored =
  (count: number) =>
  (job: Job): JobWrite =>
    checkpoint(
      job,
      { segments: job.segments, seq: job.seq + count, upstreamSeq: undefined },
      noonMs,
    );
const claimed = (job: Job) =>
  claim(job, { owner: 'w', upstream: 'u', model: 'demo', nowMs: laterMs });
const begun = (job: Job) => begin(job, 'up_1', noonMs);
const adopted = (job: Job) => adopt(job, noonMs);

const counted: Spent = { told: undefined, inputTokens: 9, outputTokens: 4 };
const nothing: Spent = { told: undefined, inputTokens: 0, outputTokens: 0 };
const estimate = { input_tokens: 9, output_tokens: 4, total_tokens: 13 };
const told = { input_tokens: 9, output_tokens: 30, total_tokens: 39 };

/** Its inline attempt is under way, and a call reads nine tokens. */
const inline = (): Job => newJob('inline', { inputTokens: 9 });

const costs = (job: Job | undefined): readonly Pick<AttemptRecord, 'usage' | 'usageEstimated'>[] =>
  (job?.ledger ?? []).map(({ usage, usageEstimated }) => ({ usage, usageEstimated }));

describe('an attempt that ends itself', () => {
  const failure = { afterMs: 0, error, resent: true, nextChoice: false, resumable: false };
  const ends: readonly [string, (spent: Spent) => (job: Job) => JobWrite][] = [
    ['promoted', (spent) => (job) => promote(job, noonMs, spent)],
    ['promoted', (spent) => (job) => handOver(job, noonMs, spent)],
    ['requeued', (spent) => (job) => requeue(job, { ...failure, spent }, noonMs)],
    ['failed', (spent) => (job) => settle(job, { status: 'failed', error }, false, noonMs, spent)],
    ['completed', (spent) => (job) => settle(job, { status: 'completed' }, false, noonMs, spent)],
    ['incomplete', (spent) => (job) => settle(job, { status: 'incomplete' }, false, noonMs, spent)],
  ];

  it.each(ends)('%s: what it counted is in the ledger, as an estimate', (outcome, end) => {
    const job = run(inline(), end(counted));
    expect(job.ledger).toMatchObject([{ outcome, usage: estimate, usageEstimated: true }]);
  });

  it.each(ends)('%s: without a call that could be billed it cost nothing', (_, end) => {
    expect(costs(run(inline(), end(nothing)))).toEqual([{}]);
  });

  it('has the upstream’s count as it is, unless something was spent beside it', () => {
    const end = (spent: Spent) => (job: Job) =>
      settle(job, { status: 'completed', usage: told }, false, noonMs, spent);
    expect(costs(run(inline(), end({ ...nothing, told })))).toEqual([{ usage: told }]);
    expect(costs(run(inline(), end({ told, inputTokens: 9, outputTokens: 1 })))).toEqual([
      {
        usage: { input_tokens: 18, output_tokens: 31, total_tokens: 49 },
        usageEstimated: true,
      },
    ]);
  });

  it('has the usage of its ending where nobody says more', () => {
    const job = run(inline(), (now) =>
      settle(now, { status: 'completed', usage: told }, false, noonMs),
    );
    expect(costs(job)).toEqual([{ usage: told }]);
  });
});

describe('an attempt that is ended from outside', () => {
  const ends: readonly [string, (job: Job) => JobWrite][] = [
    ['lost', (job) => expire(job, laterMs)],
    ['lost', (job) => giveUp(job, error, laterMs)],
    ['superseded', (job) => overrun(job, error, laterMs)],
    ['cancelled', (job) => cancel(job, laterMs)],
    ['cancelled', (job) => bury(job, laterMs)],
  ];

  it.each(ends)('%s: costs its input, and a token for each piece it stored', (outcome, end) => {
    const job = run(inline(), stored(4), end);
    expect(job.ledger).toMatchObject([{ outcome, usage: estimate, usageEstimated: true }]);
  });

  it.each(ends)('%s: may have read its input though nothing is stored', (_, end) => {
    const usage = { input_tokens: 9, output_tokens: 0, total_tokens: 9 };
    expect(costs(run(inline(), end))).toEqual([{ usage, usageEstimated: true }]);
  });

  it.each(ends)('%s: the output of the attempts before is not its own', (_, end) => {
    const again = run(inline(), stored(7), (job) => promote(job, noonMs, counted), claimed);
    const [first, second] = costs(run(again, stored(4), endLater(end)));
    expect(first?.usage).toEqual(estimate);
    expect(second).toEqual({ usage: estimate, usageEstimated: true });
  });

  it.each(ends)('%s: a generation that it went on with has been read before', (_, end) => {
    const again = run(inline(), begun, (job) => promote(job, noonMs, counted), claimed, adopted);
    const usage = { input_tokens: 0, output_tokens: 4, total_tokens: 4 };
    expect(costs(run(again, stored(4), endLater(end)))[1]).toEqual({ usage, usageEstimated: true });
  });

  it.each(ends)('%s: before it took up a generation it has made no call', (_, end) => {
    const again = run(inline(), begun, (job) => promote(job, noonMs, counted), claimed);
    expect(costs(run(again, endLater(end)))[1]).toEqual({});
  });

  it('of a job that waits, nothing is added', () => {
    const waiting = run(inline(), begun, stored(4), (job) => promote(job, noonMs, counted));
    expect(costs(run(waiting, (job) => cancel(job, laterMs)))).toEqual(costs(waiting));
  });

  it('and by a worker of a version that did not keep where it began, costs its input alone', () => {
    const [record] = inline().ledger;
    if (record === undefined) throw new Error('There is no attempt.');
    const { fromSeq: _, ...older } = record;
    const job = run({ ...inline(), ledger: [older] }, stored(4), (now) => cancel(now, laterMs));
    expect(job.ledger[0]?.usage).toMatchObject({ input_tokens: 9, output_tokens: 0 });
  });
});

/** The same end, of an attempt that was claimed at `laterMs`. */
const endLater = (end: (job: Job) => JobWrite) => (job: Job) => {
  const write = end({ ...job, leaseExpiresAtMs: noonMs });
  return { ...write, when: write.when.filter(({ field }) => field !== 'leaseExpiresAtMs') };
};

describe('a generation that several attempts ran', () => {
  const twice = () =>
    run(inline(), begun, stored(4), (job) => promote(job, noonMs, counted), claimed);
  const finish = (job: Job) =>
    settle(job, { status: 'completed', usage: told }, false, noonMs, { ...nothing, told });

  test('is counted once, on the attempt that the upstream told', () => {
    const job = run(twice(), adopted, finish);
    expect(costs(job)).toEqual([{}, { usage: told }]);
    expect(tokensOf(job)).toMatchObject({
      generated: { input: 9, output: 30 },
      delivered: { input: 9, output: 30 },
      estimated: { input: 0, output: 0 },
    });
  });

  test('is counted piece by piece where the upstream tells nothing', () => {
    const spent = { ...nothing, outputTokens: 26 };
    const job = run(twice(), adopted, (now) =>
      settle(now, { status: 'completed' }, false, noonMs, spent),
    );
    expect(tokensOf(job)).toEqual({
      generated: { input: 9, output: 30 },
      delivered: { input: 9, output: 30 },
      estimated: { input: 9, output: 30 },
    });
  });

  test('stays on its attempts when it is given up for another', () => {
    const other = { input_tokens: 9, output_tokens: 5, total_tokens: 14 };
    const job = run(
      twice(),
      adopted,
      (now) => forget(now, noonMs),
      (now) => begin(now, 'up_2', noonMs),
      (now) => settle(now, { status: 'completed', usage: other }, false, noonMs),
    );
    expect(costs(job)).toEqual([{ usage: estimate, usageEstimated: true }, { usage: other }]);
    expect(tokensOf(job)).toMatchObject({
      generated: { input: 18, output: 9 },
      delivered: { input: 9, output: 5 },
    });
  });

  test('is still its own after the attempt that began it has resumed it', () => {
    const job = run(inline(), begun, adopted);
    expect(job.ledger).toMatchObject([{ generation: 1 }]);
    expect(job.ledger[0]?.adopted).toBeUndefined();
  });
});

describe('what a cancelled attempt leaves', () => {
  const cancelled = () => {
    const job = run(inline(), stored(2), (now) => cancel(now, laterMs));
    if (!isEnded(job)) throw new Error('The job was not cancelled.');
    return job;
  };

  it('takes the place of what was counted from outside', () => {
    const job = run(cancelled(), () => leave(cancelled(), undefined, counted));
    expect(costs(job)).toEqual([{ usage: estimate, usageEstimated: true }]);
    expect(costs(run(cancelled(), () => leave(cancelled(), undefined, nothing)))).toEqual([{}]);
  });

  it('changes nothing where the attempt does not say', () => {
    expect(costs(run(cancelled(), () => leave(cancelled(), undefined)))).toEqual(
      costs(cancelled()),
    );
  });
});
