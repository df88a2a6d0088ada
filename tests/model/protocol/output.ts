import { Fault } from '../../../lib/errors.ts';
import { extendSegments } from '../../../lib/job/checkpoint.ts';
import {
  attemptsSpentError,
  deadlineError,
  jobError,
  tooLongError,
} from '../../../lib/job/failure.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import { decideRetry } from '../../../lib/job/retry.ts';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import {
  checkpoint,
  handOver,
  promote,
  renew,
  requeue,
  settle,
} from '../../../lib/job/transition.ts';
import { leaseMs, leaseRenewMs } from '../../../lib/limits.ts';
import { at, fence, letGo, put, signature } from './hold.ts';
import { clockOf, type Rules, type Step, send, spend } from './step.ts';
import { type Attempt, type Generation, tokenOf, tokensEach, type World } from './world.ts';

/* An attempt from its generation's first token to its outcome. */

const later = { kind: 'later', afterMs: 0 } as const;
const cut = new Fault('upstream_cut', 'Cut.', { retry: later });

const withState = (world: World, number: number, state: Generation['state']): World => ({
  ...world,
  generations: world.generations.map((one) => (one.number === number ? { ...one, state } : one)),
});

/** The next token, and with the last one the generation's end. */
const receiveToken = (world: World, me: Attempt, number: number, received: number): World => {
  const pending = [...(me.pending ?? []), tokenOf(number, received)];
  const isLast = received + 1 === tokensEach;
  const next = isLast ? withState(world, number, 'finished') : world;
  return at(next, me, isLast ? 'finished' : 'output', { received: received + 1, pending });
};

/** What is pending becomes a chunk whose bytes do not change any more. */
const seal = (world: World, me: Attempt, job: Job, goesTo: string): World => {
  const deltas = me.pending ?? [];
  const frozen = me.frozen ?? { attempt: job.attempt, first: job.seq + 1, deltas };
  return at(world, me, 'chunk', { frozen, pending: [], goesTo });
};

const position = (world: World, me: Attempt, job: Job, goesTo: string): World => {
  const { frozen } = me;
  if (frozen === undefined) return at(world, me, goesTo);
  const seq = frozen.first + frozen.deltas.length - 1;
  const segments = extendSegments(job.segments, job.attempt, seq);
  const upstreamSeq = job.upstreamId === undefined ? undefined : me.received;
  const write = checkpoint(job, { segments, seq, upstreamSeq }, clockOf(world, me));
  return fence(world, me, write, goesTo);
};

/** The attempt failed of itself, as `concludeFailure` has it. */
const failed = (world: World, me: Attempt, job: Job, dead: boolean): World => {
  const nowMs = clockOf(world, me);
  const { strikes, deadlineAtMs, live } = job;
  const hasShown = job.segments.length > 0 || (me.pending ?? []).length > 0;
  const next =
    live && hasShown
      ? ({ kind: 'fail', why: 'final' } as const)
      : decideRetry(cut, { strikes, deadlineAtMs, nowMs, quickSpent: true, random: 0.999 });
  const resumable = job.upstreamId !== undefined && !dead;
  if (next.kind === 'fail') {
    const error =
      next.why === 'deadline'
        ? deadlineError(undefined)
        : attemptsSpentError(jobError(cut), job.attempt);
    const write = settle(job, { status: 'failed', error }, resumable, nowMs);
    return fence(world, me, write, 'ended', { stopId: job.upstreamId });
  }
  const failure = {
    afterMs: next.afterMs,
    error: jobError(cut),
    resent: me.via === 'inline',
    nextChoice: false,
    resumable,
  };
  return fence(world, me, requeue(job, failure, nowMs), 'requeued');
};

const functionEnds = (rules: Rules, world: World, me: Attempt, job: Job): World => {
  const nowMs = clockOf(world, me);
  if (me.via === 'inline' && !job.live) return fence(world, me, promote(job, nowMs), 'send-and-go');
  if (rules.adoptable && job.upstreamId !== undefined) {
    return fence(world, me, handOver(job, nowMs), 'let-go');
  }
  return fence(
    world,
    me,
    settle(job, { status: 'failed', error: tooLongError() }, false, nowMs),
    'let-go',
  );
};

const isLost = (now: Job, attempt: number): boolean =>
  isEnded(now) || now.attempt > attempt || (now.attempt === attempt && now.status === 'queued');

/** The steps that are faults or ends of the attempt's function. */
const endings = (rules: Rules, world: World, me: Attempt, job: Job): readonly Step[] => {
  const by = signature(me, job.attempt);
  const steps: Step[] = [];
  const { upstreamFaults, functionEnds: ends } = world.left;
  if (upstreamFaults > 0 && me.generation !== undefined) {
    const spent = spend(world, 'upstreamFaults');
    const dead = withState(spent, me.generation, 'failed');
    steps.push({ label: `${by}: the generation fails`, world: failed(dead, me, job, true) });
    if (rules.adoptable) {
      steps.push({ label: `${by}: the stream is cut`, world: failed(spent, me, job, false) });
    }
  }
  if (ends > 0) {
    const spent = spend(world, 'functionEnds');
    steps.push({ label: `${by}: the function ends`, world: functionEnds(rules, spent, me, job) });
  }
  return steps;
};

const underWay = (rules: Rules, world: World, me: Attempt, job: Job): readonly Step[] => {
  const by = signature(me, job.attempt);
  const { generation = 0, received = 0, pending = [] } = me;
  const state = world.generations.find(({ number }) => number === generation)?.state;
  const steps: Step[] = [];
  if (state === 'running' || (state === 'finished' && received < tokensEach)) {
    const next = receiveToken(world, me, generation, received);
    steps.push({ label: `${by}: receives token ${received}`, world: next });
  } else if (state === 'finished') {
    steps.push({ label: `${by}: reads the end`, world: at(world, me, 'finished') });
  } else {
    steps.push({ label: `${by}: reads a dead end`, world: failed(world, me, job, true) });
  }
  if (pending.length > 0 || me.frozen !== undefined) {
    steps.push({ label: `${by}: seals a chunk`, world: seal(world, me, job, 'output') });
  }
  if (isLost(world.job, job.attempt)) {
    steps.push({ label: `${by}: notices`, world: at(world, me, 'lost') });
  }
  const nowMs: EpochMs = clockOf(world, me);
  if (nowMs - after(job.leaseExpiresAtMs, -leaseMs) >= leaseRenewMs) {
    steps.push({ label: `${by}: beats`, world: fence(world, me, renew(job, nowMs), 'output') });
  }
  return [...steps, ...endings(rules, world, me, job)];
};

/** Its last chunk, then the final object. */
export const finish = ({ bent }: Rules, world: World, me: Attempt, job: Job): World => {
  const fresh = { ...me, ...ownFrozen(me, job) };
  const isPending = fresh.frozen !== undefined || (me.pending ?? []).length > 0;
  if (isPending) return seal(world, fresh, job, 'finished');
  return at(world, fresh, bent.finalLast ? 'settle' : 'final');
};

/** An attempt's steps while output comes, and at its end. */
export const outputSteps = (rules: Rules, world: World, me: Attempt, job: Job): readonly Step[] => {
  const by = signature(me, job.attempt);
  const { bent } = rules;
  const only = (label: string, next: World): readonly Step[] => [
    { label: `${by}: ${label}`, world: next },
  ];
  const { goesTo = 'output' } = me;
  switch (me.at) {
    case 'output':
      return underWay(rules, world, { ...me, ...ownFrozen(me, job) }, job);
    case 'chunk':
      return bent.positionFirst
        ? only(
            'moves first',
            position(world, me, job, goesTo === 'finished' ? 'late-chunk-end' : 'late-chunk'),
          )
        : only('puts the chunk', position(put(world, me), me, job, goesTo));
    case 'late-chunk':
      return only('puts the chunk', at(put(world, me), me, 'output'));
    case 'late-chunk-end':
      return only('puts the chunk', at(put(world, me), me, 'finished'));
    case 'final':
      return only(
        'puts the final object',
        at(withFinal(world, me, job), me, bent.finalLast ? 'let-go' : 'settle'),
      );
    case 'settle': {
      const ending = { status: 'completed', final: { attempt: job.attempt, chunks: 1 } } as const;
      const write = settle(job, ending, false, clockOf(world, me));
      return only('settles', fence(world, me, write, bent.finalLast ? 'final' : 'let-go'));
    }
    case 'requeued':
      return only('changes the visibility', letGo(rules, send(world, job.notBeforeMs), me));
    case 'ended':
      return only('lets go', letGo(rules, world, me));
    default:
      throw new Error(`No steps at ${me.at}.`);
  }
};

/** A chunk whose position is in the item is done with. */
const ownFrozen = (me: Attempt, job: Job): Partial<Attempt> =>
  me.frozen !== undefined && me.frozen.first > job.seq ? {} : { frozen: undefined };

const withFinal = (world: World, me: Attempt, job: Job): World => {
  const { generation = 0 } = me;
  const text = Array.from({ length: tokensEach }, (_, token) => tokenOf(generation, token)).join(
    '',
  );
  return { ...world, finals: [...world.finals, { attempt: job.attempt, text }] };
};
