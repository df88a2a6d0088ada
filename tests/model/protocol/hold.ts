import { isEnded, type Job, parseJob } from '../../../lib/job/job.ts';
import { leave } from '../../../lib/job/rest.ts';
import { after } from '../../../lib/job/time.ts';
import { renew } from '../../../lib/job/transition.ts';
import type { JobWrite } from '../../../lib/job/write.ts';
import { leaseMs, leaseRenewMs } from '../../../lib/limits.ts';
import {
  carryOut,
  clockOf,
  type Rules,
  type Step,
  send,
  stopAtUpstream,
  withActor,
} from './step.ts';
import type { Attempt, World } from './world.ts';

/* An attempt's fenced writes to their certain end, as `holdLease` and `writeFenced` have it. */

/** Which attempt a write is of. */
export const signature = (me: Attempt, attempt: number): string => `${me.name}#${attempt}`;

export const at = (
  world: World,
  me: Attempt,
  where: string,
  changes: Partial<Attempt> = {},
): World => withActor(world, { ...me, at: where, ...changes });

export const fence = (
  world: World,
  me: Attempt,
  write: JobWrite,
  goesTo: string,
  changes: Partial<Attempt> = {},
): World => at(world, me, 'fence', { ...changes, write, goesTo });

/** The attempt that has let go of everything: a connection that it closes ends what cannot go on alone. */
export const letGo = ({ adoptable }: Rules, world: World, me: Attempt): World => {
  const { name, via, clockOffMs } = me;
  const rested: Attempt = {
    kind: 'attempt',
    name,
    at: via === 'worker' ? 'idle' : 'gone',
    via,
    clockOffMs,
  };
  const left = withActor(world, rested);
  if (adoptable) return left;
  return {
    ...left,
    generations: left.generations.map((one) =>
      one.number === me.generation && one.state === 'running' ? { ...one, state: 'stopped' } : one,
    ),
  };
};

const goOn = (world: World, me: Attempt, job: Job): World =>
  at(world, me, me.goesTo ?? 'gone', { job, write: undefined, goesTo: undefined });

const readBack = (world: World, me: Attempt, job: Job): World => {
  const now = world.job;
  if (now.owner !== me.owner || now.attempt !== job.attempt) return at(world, me, 'lost');
  if (now.writeNo === job.writeNo + 1) return goOn(world, me, now);
  const isOurs = now.status === 'in_progress' && now.writeNo === job.writeNo;
  return at(world, me, isOurs ? 'fence' : 'lost');
};

const believed = (job: Job, write: JobWrite): Job => {
  const changed: Record<string, unknown> = { ...job, ...write.set };
  for (const field of write.clear) delete changed[field];
  return parseJob(changed);
};

const fenceSteps = (rules: Rules, world: World, me: Attempt, job: Job): readonly Step[] => {
  const { write } = me;
  if (write === undefined) return [];
  return carryOut(rules, world, write, signature(me, job.attempt)).map((carried) => {
    const { label, world: next, told } = carried;
    if (told === 'written') return { label, world: goOn(next, me, next.job) };
    return told === 'doubtful' && rules.bent.trusting
      ? { label, world: goOn(next, me, believed(job, write)) }
      : { label, world: at(next, me, 'read-back') };
  });
};

/** Renewed at its start if it was frozen since the claim. */
export const keep = (world: World, me: Attempt, job: Job): World => {
  const renewedAtMs = after(job.leaseExpiresAtMs, -leaseMs);
  const isFresh = clockOf(world, me) - renewedAtMs < leaseRenewMs;
  return isFresh
    ? at(world, me, 'start')
    : fence(world, me, renew(job, clockOf(world, me)), 'start');
};

/** A chunk has one place: put again, it replaces itself. */
export const put = (world: World, { frozen }: Attempt): World => {
  if (frozen === undefined) return world;
  const { attempt, first } = frozen;
  const others = world.chunks.filter((one) => one.attempt !== attempt || one.first !== first);
  return { ...world, chunks: [...others, frozen] };
};

/** As `leaveOutput` begins: what was cancelled under the attempt gets its last output. */
const leaveFirst = (world: World, me: Attempt, job: Job): World => {
  const now = world.job;
  const isCancelled = now.status === 'cancelled' && now.deletedAtMs === undefined && !now.unstored;
  const isOwn = now.attempt === job.attempt && now.owner === me.owner;
  if (!isCancelled || !isOwn) return at(world, me, 'abandon');
  const fresh = me.pending ?? [];
  const chunk =
    me.frozen ??
    (fresh.length > 0 ? { attempt: job.attempt, first: job.seq + 1, deltas: fresh } : undefined);
  const fits = chunk?.first === now.seq + 1 ? chunk : undefined;
  return at(world, me, 'leave-chunk', { frozen: fits, write: leave(now, fits) });
};

/** As `abandon`: what this attempt began is stopped, unless somebody goes on with it. */
const abandon = (rules: Rules, world: World, me: Attempt): World => {
  const { job } = world;
  const id = me.stopId ?? me.job?.upstreamId;
  const isTaken = job.upstreamId === id && (!isEnded(job) || job.stopOwed === true);
  if (id === undefined || (isTaken && !rules.bent.blindStop)) return letGo(rules, world, me);
  return at(world, me, 'stop-abandoned', { stopId: id });
};

/** The steps of an attempt between its own doings; undefined when it is at one of those. */
export const holdSteps = (
  rules: Rules,
  world: World,
  me: Attempt,
  job: Job,
): readonly Step[] | undefined => {
  const by = signature(me, job.attempt);
  const only = (label: string, next: World): readonly Step[] => [
    { label: `${by}: ${label}`, world: next },
  ];
  switch (me.at) {
    case 'fence':
      return fenceSteps(rules, world, me, job);
    case 'read-back':
      return only('reads back', readBack(world, me, job));
    case 'lost':
      return only('has lost the job', leaveFirst(world, me, job));
    case 'leave-chunk':
      return only('leaves a chunk', at(put(world, me), me, 'leave'));
    case 'leave':
      if (me.write === undefined) return [];
      return carryOut(rules, world, me.write, `${by} leaving`).map((carried) => ({
        label: carried.label,
        world: at(carried.world, me, 'abandon', { write: undefined }),
      }));
    case 'abandon':
      return only('looks whose the generation is', abandon(rules, world, me));
    case 'stop-abandoned': {
      const { world: next, broken } = stopAtUpstream(world, me.stopId, by);
      const step = { label: `${by}: stops its generation`, world: letGo(rules, next, me) };
      return [broken === undefined ? step : { ...step, broken }];
    }
    case 'let-go':
      return only('lets go', letGo(rules, world, me));
    case 'send-and-go':
      return only('sends', letGo(rules, send(world, world.nowMs), me));
    default:
      return undefined;
  }
};
