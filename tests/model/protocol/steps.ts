import { after, type EpochMs } from '../../../lib/job/time.ts';
import { clockSkewMs } from '../../../lib/limits.ts';
import { attemptSteps } from './attempt.ts';
import { letGo } from './hold.ts';
import { outsiderSteps } from './outsider.ts';
import { lateSteps, type Rules, type Step, send, spend, withActor } from './step.ts';
import type { Actor, World } from './world.ts';

const actorSteps = (rules: Rules, world: World, actor: Actor): readonly Step[] =>
  actor.kind === 'attempt' ? attemptSteps(rules, world, actor) : outsiderSteps(rules, world, actor);

/** The moments at which something else can be done than now. */
const moments = (world: World): readonly EpochMs[] => {
  const { job, nowMs, messages, actors } = world;
  const offMs = Math.max(0, ...actors.map(({ clockOffMs }) => Math.abs(clockOffMs)));
  const spoken: EpochMs[] = [...messages];
  if (job.dueAtMs !== undefined) spoken.push(after(job.dueAtMs, offMs));
  if (job.status === 'queued') spoken.push(job.notBeforeMs);
  if (job.status === 'in_progress') {
    spoken.push(
      after(job.leaseExpiresAtMs, 1),
      after(job.leaseExpiresAtMs, clockSkewMs + 1 + offMs),
    );
    spoken.push(job.deadlineAtMs);
  }
  return [...new Set(spoken.filter((atMs) => atMs > nowMs))].sort((a, b) => a - b);
};

const functionLifeMs = 15 * 60_000;

const seconds = (fromMs: number, toMs: number): string => `${Math.round((toMs - fromMs) / 1000)} s`;

const isBusy = ({ at }: Actor): boolean => at !== 'idle' && at !== 'gone';

/** What a crash leaves: an adoptable generation that was told of to nobody runs on unseen. */
const without = (rules: Rules, world: World, actor: Actor): World => {
  if (actor.kind !== 'attempt') {
    const { kind, name, clockOffMs } = actor;
    const rested = kind === 'sweep' ? 'idle' : 'gone';
    return withActor(world, { kind, name, clockOffMs, at: rested });
  }
  const generations = world.generations.map((one) => {
    if (one.number !== actor.generation || world.job.upstreamId === `g${one.number}`) return one;
    return { ...one, excused: true, orphaned: rules.adoptable && one.state === 'running' };
  });
  return letGo(rules, { ...world, generations }, actor);
};

/** A function lives 15 minutes: who was at something before such a pause is not there after it. */
const pass = (rules: Rules, world: World, atMs: EpochMs): World => {
  const isLong = atMs - world.nowMs > functionLifeMs;
  const outlived = isLong ? world.actors.filter(isBusy) : [];
  const left = outlived.reduce((rest, actor) => without(rules, rest, actor), world);
  return { ...left, nowMs: atMs };
};

/** Everything that can happen next. Empty when all is quiet for good. */
export const stepsOf = (rules: Rules, world: World): readonly Step[] => {
  const doing = world.actors.flatMap((actor) => actorSteps(rules, world, actor));
  const later = moments(world);
  const [soonest] = later;
  if (doing.length === 0 && world.late.length === 0) {
    if (soonest === undefined) return [];
    const label = `${seconds(world.nowMs, soonest)} pass`;
    return [{ label, world: pass(rules, world, soonest) }];
  }
  const steps = [...doing, ...lateSteps(world)];
  if (world.left.crashes > 0) {
    const crashed = (actor: Actor): Step => ({
      label: `${actor.name} crashes at ${actor.at}`,
      world: without(rules, spend(world, 'crashes'), actor),
    });
    steps.push(...world.actors.filter(isBusy).map(crashed));
  }
  if (world.left.jumps > 0) {
    for (const atMs of later) {
      const label = `everything stands still for ${seconds(world.nowMs, atMs)}`;
      steps.push({ label, world: pass(rules, spend(world, 'jumps'), atMs) });
    }
  }
  if (world.left.duplicates > 0 && world.messages.length === 0 && world.job.epoch > 0) {
    const label = 'an old message is delivered again';
    steps.push({ label, world: send(spend(world, 'duplicates'), world.nowMs) });
  }
  if (world.left.losses > 0 && world.messages.length > 0) {
    const lost = { ...spend(world, 'losses'), messages: world.messages.slice(1) };
    steps.push({ label: 'a message is lost', world: lost });
  }
  return steps;
};
