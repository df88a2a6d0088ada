import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isEnded, type Job, type JobError, type Usage } from '../../../lib/job/job.ts';
import { cancel, expire, giveUp, overrun } from '../../../lib/job/outside.ts';
import { bury, leave } from '../../../lib/job/rest.ts';
import { after, type EpochMs } from '../../../lib/job/time.ts';
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

const input = 100;
const error: JobError = { message: 'm', type: 't', param: null, code: 'c', httpStatus: 502 };

/** What the model server would bill: a generation's input once, and all that it put out. */
type Generation = { readonly resumable: boolean; output: number };

/** An attempt as its own memory has it. */
type Run = {
  generation: Generation | undefined;
  /** It made the call itself. */
  isOwn: boolean;
  output: number;
  /** Of generations that it gave up before they put out anything. */
  before: { input: number };
};

const freshRun = (): Run => ({
  generation: undefined,
  isOwn: false,
  output: 0,
  before: { input: 0 },
});

type Move = { readonly when: () => boolean; readonly act: () => void };

/** A job's life at a model server that is perfectly honest, step by step as far as each applies. */
const world = (inline: boolean) => {
  let job: Job = newJob(inline ? 'inline' : 'queued', { inputTokens: input });
  let nowMs: EpochMs = noonMs;
  let run = freshRun();
  /** Calls that were billed without anybody knowing: attempts that were lost before they told. */
  let unknownCalls = 0;
  /** Attempts that changed their generation and were then ended from outside are only guessed at. */
  let isExact = true;
  let hasForgotten = false;
  const generations: Generation[] = [];
  const open = (): Generation | undefined =>
    job.upstreamId === undefined ? undefined : generations[Number(job.upstreamId)];

  const write = (make: JobWrite): void => {
    const next = applyWrite(job, make);
    expect(next, make.name).toBeDefined();
    job = next ?? job;
  };
  const running = (): boolean => job.status === 'in_progress';
  const spent = (told?: Usage) => ({
    told,
    inputTokens: run.before.input + (told === undefined && run.isOwn ? input : 0),
    outputTokens: told === undefined ? run.output : 0,
  });
  const outside = (make: JobWrite): void => {
    if (running() && hasForgotten) isExact = false;
    const mayHaveCalled = run.generation === undefined && job.upstreamId === undefined;
    if (running() && mayHaveCalled) unknownCalls += 1;
    write(make);
  };
  const later = (): EpochMs => {
    nowMs = after(nowMs, 60_000);
    return nowMs;
  };

  const isBusy = (): boolean => running() && run.generation !== undefined;
  const canGoOn = (): boolean => job.upstreamId !== undefined;

  /** What may happen, and to which jobs it can. */
  const moves: readonly Move[] = [
    {
      when: () => job.status === 'queued',
      act: () => {
        write(claim(job, { owner: 'w', upstream: 'u', model: 'm', nowMs: later() }));
        run = freshRun();
        hasForgotten = false;
      },
    },
    // A call, answered by a first event.
    ...[true, false].map((resumable) => ({
      when: () => running() && !isBusy() && !canGoOn(),
      act: () => {
        run.generation = { resumable, output: 0 };
        run.isOwn = true;
        generations.push(run.generation);
        write(begin(job, resumable ? String(generations.length - 1) : undefined, nowMs));
      },
    })),
    {
      when: () => running() && !isBusy() && canGoOn(),
      act: () => {
        write(adopt(job, nowMs));
        run.generation = open();
      },
    },
    ...[1, 5].map((pieces) => ({
      when: isBusy,
      act: () => {
        if (run.generation !== undefined) run.generation.output += pieces;
        run.output += pieces;
        const seq = job.seq + pieces;
        write(checkpoint(job, { segments: job.segments, seq, upstreamSeq: undefined }, nowMs));
      },
    })),
    {
      when: () => running() && canGoOn() && run.output === 0,
      act: () => {
        write(forget(job, nowMs));
        run = { ...freshRun(), before: { input: run.before.input + (run.isOwn ? input : 0) } };
        hasForgotten = true;
      },
    },
    { when: running, act: () => write(promote(job, nowMs, spent())) },
    { when: () => running() && canGoOn(), act: () => write(handOver(job, nowMs, spent())) },
    ...[true, false].map((resumable) => ({
      when: running,
      act: () => {
        const failure = { afterMs: 0, error, resent: false, nextChoice: false, resumable };
        write(requeue(job, { ...failure, spent: spent() }, nowMs));
      },
    })),
    { when: running, act: () => outside(expire(job, later())) },
  ];

  const endings: readonly Move[] = [
    {
      when: isBusy,
      act: () => {
        const output = run.generation?.output ?? 0;
        const usage = { input_tokens: input, output_tokens: output, total_tokens: input + output };
        write(settle(job, { status: 'completed', usage }, false, nowMs, spent(usage)));
      },
    },
    {
      when: isBusy,
      act: () => write(settle(job, { status: 'incomplete' }, false, nowMs, spent())),
    },
    {
      when: running,
      act: () => write(settle(job, { status: 'failed', error }, false, nowMs, spent())),
    },
    { when: running, act: () => outside(giveUp(job, error, later())) },
    { when: () => true, act: () => outside(overrun(job, error, later())) },
    { when: () => true, act: () => outside(cancel(job, later())) },
    { when: () => true, act: () => outside(bury(job, later())) },
    // Cancelled under the attempt, which tells what it took.
    {
      when: running,
      act: () => {
        write(cancel(job, later()));
        if (isEnded(job)) write(leave(job, undefined, spent()));
      },
    },
  ];

  const take = (from: readonly Move[], choice: number): void => {
    const possible = from.filter(({ when }) => when());
    possible[choice % possible.length]?.act();
  };

  return {
    step: (choice: number): void => take(moves, choice),
    end: (choice: number): void => take(endings, choice),
    job: (): Job => job,
    isExact: (): boolean => isExact,
    billed: () => ({
      input: input * (generations.length + unknownCalls),
      output: generations.reduce((sum, { output }) => sum + output, 0),
    }),
  };
};

test('every token that was billed is on the account of one attempt, whatever became of the job', () => {
  let exact = 0;
  const choice = fc.nat({ max: 10_000 });
  fc.assert(
    fc.property(fc.boolean(), fc.array(choice, { maxLength: 40 }), choice, (inline, plan, end) => {
      const life = world(inline);
      for (const step of plan) life.step(step);
      life.end(end);
      const { generated, delivered, estimated } = tokensOf(life.job());
      expect(generated.input).toBeGreaterThanOrEqual(delivered.input);
      expect(generated.output).toBeGreaterThanOrEqual(delivered.output);
      expect(generated.input).toBeGreaterThanOrEqual(estimated.input);
      if (!life.isExact()) return;
      exact += 1;
      expect(generated).toEqual(life.billed());
    }),
    { numRuns: 2_000 },
  );
  expect(exact).toBeGreaterThan(1_000);
});
