import { deadlineError, workerLostError } from '../../../lib/job/failure.ts';
import type { Job } from '../../../lib/job/job.ts';
import { overrun } from '../../../lib/job/outside.ts';
import { adopt, begin, claim, forget, settle } from '../../../lib/job/transition.ts';
import { earlyMessageMs, maxStrikes } from '../../../lib/limits.ts';
import { at, fence, holdSteps, keep, letGo, signature } from './hold.ts';
import { finish, outputSteps } from './output.ts';
import { carryOut, clockOf, type Rules, type Step, send, spend, stopAtUpstream } from './step.ts';
import type { Attempt, Generation, World } from './world.ts';

/** A worker receives a message: one step from the queue to what it read of the job. */
const receive = (world: World, me: Attempt): readonly Step[] => {
  const [visibleAtMs, ...messages] = world.messages;
  // Idle workers whom nothing tells apart are as good as one.
  const firstIdle = world.actors.find(
    ({ kind, at: where, clockOffMs }) =>
      kind === 'attempt' && where === 'idle' && clockOffMs === me.clockOffMs,
  );
  if (firstIdle?.name !== me.name) return [];
  if (visibleAtMs === undefined || visibleAtMs > world.nowMs || world.left.claims === 0) return [];
  const taken = { ...world, messages };
  const label = `${me.name}: receives`;
  const step = { label, world: at(taken, me, 'load') };
  if (world.left.duplicates === 0) return [step];
  const twice = send(spend(taken, 'duplicates'), world.nowMs);
  return [step, { label: `${label} what is delivered twice`, world: at(twice, me, 'load') }];
};

const load = (rules: Rules, world: World, me: Attempt): World => {
  const { job } = world;
  const nowMs = clockOf(world, me);
  const earlyMs = job.notBeforeMs - nowMs;
  if (job.status !== 'queued' || earlyMs > earlyMessageMs) return letGo(rules, world, me);
  if (earlyMs > 0) return letGo(rules, send(world, job.notBeforeMs), me);
  return at(world, me, job.deadlineAtMs <= nowMs ? 'overrun' : 'claim', { job });
};

/** Its nonce: fresh for each claim. */
const ownerOf = (me: Attempt, job: Job): string => `${me.name}/${job.attempt + 1}/${job.epoch}`;

const claimSteps = (rules: Rules, world: World, me: Attempt, job: Job): readonly Step[] => {
  const owner = ownerOf(me, job);
  const nowMs = clockOf(world, me);
  const write = claim(job, { owner, upstream: 'first', model: 'm', nowMs });
  return carryOut(rules, world, write, signature(me, job.attempt + 1)).map((carried) => {
    const { label, told } = carried;
    const next = spend(carried.world, 'claims');
    const won = told === 'written' ? next.job : undefined;
    return {
      label,
      world:
        won === undefined
          ? at(next, me, 'claim-read', { job: undefined, owner })
          : at(next, me, 'claimed', { job: won, owner }),
    };
  });
};

const claimRead = (rules: Rules, world: World, me: Attempt): World =>
  world.job.owner === me.owner && world.job.status === 'in_progress'
    ? at(world, me, 'claimed', { job: world.job })
    : letGo(rules, world, me);

const claimed = (world: World, me: Attempt, job: Job): World => {
  if (job.strikes <= maxStrikes) return at(world, me, 'keep');
  const ending = { status: 'failed', error: workerLostError(job) } as const;
  const runs = job.upstreamId !== undefined;
  return fence(world, me, settle(job, ending, runs, clockOf(world, me)), 'let-go');
};

const start = (world: World, me: Attempt, job: Job): World =>
  job.upstreamId === undefined
    ? at(world, me, 'open')
    : fence(world, me, adopt(job, clockOf(world, me)), 'resume');

const unexplained = (world: World, job: Job): boolean =>
  !world.expired.includes(job.attempt) &&
  world.generations.some(({ excused, state }) => !excused && state !== 'failed');

const open = (world: World, me: Attempt, job: Job): Step => {
  const number = world.generations.length + 1;
  const generation: Generation = {
    number,
    openedBy: job.attempt,
    state: 'running',
    excused: world.expired.includes(job.attempt),
    orphaned: false,
  };
  const opened = { ...world, generations: [...world.generations, generation] };
  return {
    label: `${signature(me, job.attempt)}: starts generation ${number}`,
    world: at(opened, me, 'begun', { generation: number, received: 0, pending: [] }),
    ...(unexplained(world, job) ? { broken: 'a generation is paid that no fault explains' } : {}),
  };
};

const begun = ({ adoptable }: Rules, world: World, me: Attempt, job: Job): World => {
  const id = adoptable ? `g${me.generation}` : undefined;
  if (id === undefined && job.segments.length === 0) return at(world, me, 'output');
  return fence(world, me, begin(job, id, clockOf(world, me)), 'output', { stopId: id });
};

/** Goes on after the event that the item names; a generation that the upstream lost is given up. */
const resume = (world: World, me: Attempt, job: Job): readonly Step[] => {
  const by = signature(me, job.attempt);
  const generation = world.generations.find(({ number }) => `g${number}` === job.upstreamId);
  const received = job.upstreamSeq ?? 0;
  const resumed = at(world, me, 'output', {
    generation: generation?.number,
    received,
    pending: [],
  });
  const step = { label: `${by}: resumes ${job.upstreamId} after ${received}`, world: resumed };
  if (world.left.upstreamFaults === 0 || generation?.state !== 'running') return [step];
  const lost = spend(world, 'upstreamFaults');
  const generations = lost.generations.map((one) =>
    one === generation ? { ...one, state: 'failed' as const } : one,
  );
  const without = at({ ...lost, generations }, me, 'give-up');
  return [step, { label: `${by}: finds ${job.upstreamId} lost`, world: without }];
};

const giveUp = (world: World, me: Attempt, job: Job): Step => {
  const by = signature(me, job.attempt);
  const { world: next, broken } = stopAtUpstream(world, job.upstreamId, by);
  const forgotten = fence(next, me, forget(job, clockOf(world, me)), 'open');
  const step = { label: `${by}: gives ${job.upstreamId} up`, world: forgotten };
  return broken === undefined ? step : { ...step, broken };
};

/** What an attempt does without a call: nobody can come between it and the step before. */
const thought = (rules: Rules, world: World, me: Attempt, job: Job): World | undefined => {
  switch (me.at) {
    case 'claimed':
      return claimed(world, me, job);
    case 'keep':
      return keep(world, me, job);
    case 'start':
      return start(world, me, job);
    case 'begun':
      return begun(rules, world, me, job);
    case 'finished':
      return finish(rules, world, me, job);
    default:
      return undefined;
  }
};

const thoughtOut = (rules: Rules, world: World, name: string): World => {
  const me = world.actors.find((actor) => actor.name === name);
  if (me?.kind !== 'attempt' || me.job === undefined) return world;
  const next = thought(rules, world, me, me.job);
  return next === undefined ? world : thoughtOut(rules, next, name);
};

/** What an attempt can do next: from the message it receives to its written outcome. */
export const attemptSteps = (rules: Rules, world: World, me: Attempt): readonly Step[] => {
  const next = thoughtOut(rules, world, me.name);
  const now = next.actors.find((actor) => actor.name === me.name);
  if (now?.kind !== 'attempt') return [];
  return calls(rules, next, now).map((step) => ({
    ...step,
    world: thoughtOut(rules, step.world, me.name),
  }));
};

const calls = (rules: Rules, world: World, me: Attempt): readonly Step[] => {
  if (me.at === 'gone') return [];
  if (me.at === 'idle') return receive(world, me);
  if (me.at === 'load') return [{ label: `${me.name}: loads`, world: load(rules, world, me) }];
  if (me.at === 'claim-read') {
    return [{ label: `${me.name}: reads who holds it`, world: claimRead(rules, world, me) }];
  }
  const { job } = me;
  if (job === undefined) return [];
  switch (me.at) {
    case 'overrun':
      return carryOut(
        rules,
        world,
        overrun(job, deadlineError(undefined), clockOf(world, me)),
        me.name,
      ).map(({ label, world: next }) => ({ label, world: letGo(rules, next, me) }));
    case 'claim':
      return claimSteps(rules, world, me, job);
    case 'open':
      return [open(world, me, job)];
    case 'resume':
      return resume(world, me, job);
    case 'give-up':
      return [giveUp(world, me, job)];
    default:
      return holdSteps(rules, world, me, job) ?? outputSteps(rules, world, me, job);
  }
};
