import type { Job } from '../../../lib/job/job.ts';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import { applyWrite, type JobWrite } from '../../../lib/job/write.ts';
import type { Actor, Left, Standing, World } from './world.ts';

/** One step that can be taken and the world after it; `broken` names the promise it breaks. */
export type Step = { readonly label: string; readonly world: World; readonly broken?: string };

/** Departures from the protocol, each to be found out by the check. */
export type Bent = {
  /** What a write becomes before it is carried out. */
  readonly weaken?: (write: JobWrite) => JobWrite;
  /** A write that was not answered is taken for landed. */
  readonly trusting?: boolean;
  /** A superseded attempt stops its generation without looking whose it is now. */
  readonly blindStop?: boolean;
  /** The position is written before its chunk. */
  readonly positionFirst?: boolean;
  /** The final object is written after the terminal write. */
  readonly finalLast?: boolean;
};

export type Rules = { readonly adoptable: boolean; readonly bent: Bent };

export const clockOf = (world: World, actor: Actor): EpochMs =>
  after(world.nowMs, actor.clockOffMs);

/** The world with the actor of that name replaced. */
export const withActor = (world: World, actor: Actor): World => ({
  ...world,
  actors: world.actors.map((other) => (other.name === actor.name ? actor : other)),
});

export const spend = (world: World, what: keyof Left): World => ({
  ...world,
  left: { ...world.left, [what]: world.left[what] - 1 },
});

/** What an attempt had begun and nobody can resume may be followed by another generation. */
const excuse = <W extends Standing>(world: W, job: Job): W => ({
  ...world,
  generations: world.generations.map((one) =>
    one.openedBy === job.attempt && job.upstreamId !== `g${one.number}`
      ? { ...one, excused: true }
      : one,
  ),
});

/** A fenced write under this attempt number is the attempt's own, and nobody else's. */
const held = <W extends Standing>(world: W, job: Job, by: string): W => {
  const { holders } = world;
  const known = holders.some((holder) => holder.attempt === job.attempt && holder.by === by);
  return known ? world : { ...world, holders: [...holders, { attempt: job.attempt, by }] };
};

/** The write carried out: the world after it, or undefined when it is refused. */
export const land = <W extends Standing>(world: W, write: JobWrite, by: string): W | undefined => {
  const job = applyWrite(world.job, write);
  if (job === undefined) return undefined;
  const before = world.job;
  let next: W = { ...world, job };
  if (write.set.writeNo !== undefined) next = held(next, job, by);
  if (write.name === 'promote' || write.name === 'hand-over') next = excuse(next, before);
  if (write.name === 'expire' && before.leaseExpiresAtMs < world.nowMs) {
    next = { ...excuse(next, before), expired: [...world.expired, before.attempt] };
  }
  return write.name === 'purged' ? { ...next, purgedTwice: true } : next;
};

export type Carried = {
  readonly label: string;
  readonly world: World;
  readonly told: 'written' | 'refused' | 'doubtful';
};

/**
 * Everything a write can come to: answered; landed but unanswered; landed, with the SDK's own
 * repetition refused; lost; unanswered and still under way.
 */
export const carryOut = (
  { bent }: Rules,
  world: World,
  asked: JobWrite,
  by: string,
): readonly Carried[] => {
  const write = bent.weaken?.(asked) ?? asked;
  const label = `${by}: ${write.name}`;
  const after = land(world, write, by);
  const plain: Carried =
    after === undefined
      ? { label: `${label} refused`, world, told: 'refused' }
      : { label, world: after, told: 'written' };
  if (world.left.doubts === 0) return [plain];
  const lost = spend(world, 'doubts');
  const late = { ...lost, late: [...lost.late, { write, by }] };
  const unanswered: Carried[] = [
    { label: `${label} lost`, world: lost, told: 'doubtful' },
    { label: `${label} unanswered, under way`, world: late, told: 'doubtful' },
  ];
  if (after === undefined) return [plain, ...unanswered];
  const spent = spend(after, 'doubts');
  return [
    plain,
    ...unanswered,
    { label: `${label} unanswered, landed`, world: spent, told: 'doubtful' },
    { label: `${label} landed, repetition refused`, world: spent, told: 'refused' },
  ];
};

/** The writes under way that land now, or never do. */
export const lateSteps = (world: World): readonly Step[] =>
  world.late.map(({ write, by }, index) => {
    const without = { ...world, late: world.late.filter((_, other) => other !== index) };
    return {
      label: `${by}: late ${write.name} arrives`,
      world: land(without, write, by) ?? without,
    };
  });

/** One message more; two that can be received at the same moment are as good as three. */
export const send = (world: World, visibleAtMs: EpochMs): World => {
  const same = world.messages.filter((atMs) => atMs === visibleAtMs).length;
  if (same >= 2) return world;
  return { ...world, messages: [...world.messages, visibleAtMs].sort((a, b) => a - b) };
};

/** The upstream is told to stop; what a live job of somebody else's goes on with must not be hit. */
export const stopAtUpstream = <W extends Standing>(
  world: W,
  upstreamId: string | undefined,
  by: string,
): { readonly world: W; readonly broken?: string } => {
  const { job } = world;
  const generation = world.generations.find((one) => `g${one.number}` === upstreamId);
  if (generation === undefined) return { world };
  const holder = world.holders.findLast(({ attempt }) => attempt === job.attempt)?.by;
  const isLive = job.status === 'queued' || (job.status === 'in_progress' && holder !== by);
  const isWanted = isLive && job.upstreamId === upstreamId && generation.state !== 'failed';
  const stopped = world.generations.map((one) =>
    one === generation && one.state === 'running' ? { ...one, state: 'stopped' as const } : one,
  );
  return {
    world: { ...world, generations: stopped },
    ...(isWanted ? { broken: 'a generation that the job goes on with was stopped' } : {}),
  };
};
