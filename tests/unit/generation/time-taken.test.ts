import { describe, expect, it } from 'vitest';
import { durationOf, timeTaken } from '../../../lib/generation/time-taken.ts';
import type { AttemptRecord, LiveJob } from '../../../lib/job/job.ts';
import { after, epochMs } from '../../../lib/job/time.ts';
import { leaseMs } from '../../../lib/limits.ts';
import type { Finish } from '../../../lib/wire/production.ts';
import { newJob } from '../../fixtures/new-job.ts';

const startedAtMs = epochMs(1_800_000_000_000);
const at = (seconds: number) => after(startedAtMs, seconds * 1_000);

const record = (given: Partial<AttemptRecord>): AttemptRecord => ({
  attempt: 1,
  via: 'worker',
  upstream: 'u',
  model: 'm',
  startedAtMs,
  ...given,
});
const resumed = (leftSeconds: number, resumedSeconds: number): AttemptRecord[] => [
  record({ generation: 1, outcome: 'promoted', endedAtMs: at(leftSeconds) }),
  record({ attempt: 2, generation: 1, adopted: true, startedAtMs: at(resumedSeconds) }),
];

describe('the duration of a generation', () => {
  it('is that of the attempt which began it', () => {
    const ledger = [
      record({ outcome: 'requeued', endedAtMs: at(3) }),
      record({ attempt: 2, startedAtMs: at(10) }),
    ];
    expect(durationOf({ ledger }, at(14))).toEqual({ ms: 4_000, isWhole: true });
  });

  it('is told together with that of the promoted attempt which it repeats', () => {
    const promoted = record({ via: 'inline', outcome: 'promoted', endedAtMs: at(25) });
    const repetition = record({ attempt: 2, startedAtMs: at(26) });
    const repeated = { ms: 60_000, isWhole: true, toldBeyondMs: 25_000 };
    expect(durationOf({ ledger: [promoted, repetition] }, at(86))).toEqual(repeated);
    const elsewhere = { ...repetition, model: 'fallback' };
    expect(durationOf({ ledger: [promoted, elsewhere] }, at(86))).toEqual({
      ms: 60_000,
      isWhole: true,
    });
  });

  it('reaches over all attempts that went on with it', () => {
    expect(durationOf({ ledger: resumed(25, 26) }, at(60))).toEqual({ ms: 60_000, isWhole: true });
  });

  it('is known as far as somebody looked in on it', () => {
    const ledger = resumed(5, 100);
    const seen = (seconds: number) => durationOf({ ledger, seenAtMs: at(seconds) }, at(101));
    expect([seen(80), seen(95)]).toEqual([
      { ms: 80_000, isWhole: false },
      { ms: 101_000, isWhole: true },
    ]);
  });

  it('is only known to be longer when nobody watched it end', () => {
    const ledger = resumed(10, 70);
    expect(durationOf({ ledger }, at(71))).toEqual({ ms: 10_000, isWhole: false });
  });
});

describe('what is told of an attempt', () => {
  const told = async (
    act: (timer: ReturnType<typeof timeTaken>) => void,
    changes: Partial<LiveJob> = {},
    seconds = 30,
  ) => {
    const seen: unknown[] = [];
    const job = {
      ...newJob('inline'),
      ledger: [record({})],
      leaseExpiresAtMs: at(leaseMs / 1_000),
      ...changes,
    };
    const timer = timeTaken(
      {
        clock: { nowMs: () => at(seconds), sleep: async () => undefined },
        durations: {
          expected: async () => undefined,
          saw: async (...what) => void seen.push(what),
        },
      },
      { upstream: { name: 'u' }, maxOutputTokens: 300 },
      { job },
    );
    act(timer);
    await timer.told();
    return seen;
  };
  const finish = (status: Finish['status']): Finish => ({
    status,
    final: {},
    usage: undefined,
    model: 'm',
    error: undefined,
  });
  const whole = { ms: 30_000, isWhole: true, maxOutputTokens: 300 };

  it('is what a generation took that came to its end, cut at its token limit or not', async () => {
    for (const status of ['completed', 'incomplete'] as const) {
      expect(await told((timer) => timer.finished(finish(status)))).toEqual([['u', 'm', whole]]);
    }
  });

  it('is nothing when the generation failed, of the upstream or of itself', async () => {
    expect(await told((timer) => timer.finished(finish('failed')))).toEqual([]);
    expect(await told((timer) => timer.stopped(undefined))).toEqual([]);
  });

  it.each(['wait_over', 'function_ending', 'deadline', 'superseded'] as const)(
    'is that it takes longer when it was stopped: %s',
    async (reason) => {
      expect(await told((timer) => timer.stopped(reason))).toEqual([
        ['u', 'm', { ...whole, isWhole: false }],
      ]);
    },
  );

  it.each(['wait_over', 'function_ending', 'unfollowed'] as const)(
    'is left to who resumes it when it goes on at the upstream: %s',
    async (reason) => {
      expect(await told((timer) => timer.stopped(reason), { upstreamId: 'resp_1' })).toEqual([]);
    },
  );

  it('is nothing once the lease has run out, as in a sandbox that was frozen', async () => {
    expect(await told((timer) => timer.stopped('superseded'), {}, leaseMs / 1_000)).toEqual([]);
  });
});
