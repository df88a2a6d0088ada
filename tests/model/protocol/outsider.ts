import { transcriptText } from '../../../lib/job/checkpoint.ts';
import { type DueAction, dueAction } from '../../../lib/job/due.ts';
import { isEnded, type Job } from '../../../lib/job/job.ts';
import { cancel } from '../../../lib/job/outside.ts';
import { bury, purged, stopped } from '../../../lib/job/rest.ts';
import type { JobWrite } from '../../../lib/job/write.ts';
import {
  carryOut,
  clockOf,
  type Rules,
  type Step,
  send,
  stopAtUpstream,
  withActor,
} from './step.ts';
import type { Outsider, World } from './world.ts';

/* Those who hold no lease: the sweep, and clients that cancel, delete or read. */

const at = (world: World, me: Outsider, where: string, changes: Partial<Outsider> = {}): World =>
  withActor(world, { ...me, at: where, ...changes });

/** Back to where it was at first; a client does its doing once. */
const done = (world: World, me: Outsider): World => {
  const { kind, name, clockOffMs } = me;
  return withActor(world, { kind, name, clockOffMs, at: kind === 'sweep' ? 'idle' : 'gone' });
};

const purgeContent = (world: World): World => ({ ...world, chunks: [], finals: [] });

const isBuried = (job: Job): boolean => isEnded(job) && job.deletedAtMs !== undefined;

/** After a job has ended: `stopUpstream`, if a stop is owed. */
const afterEnd = (world: World, me: Outsider, job: Job): World =>
  isEnded(job) && job.stopOwed ? at(world, me, 'stop', { job, write: undefined }) : done(world, me);

const byAction = (world: World, me: Outsider, action: DueAction): World => {
  switch (action.kind) {
    // Callbacks are not modelled: no job here owes one.
    case 'tell':
    case 'nothing':
      return done(world, me);
    case 'write':
      return at(world, me, 'write', { write: action.write, send: action.send });
    case 'stop':
      return at(world, me, 'stop', { job: action.job });
    case 'erase':
      return at(world, me, 'bury', { job: action.job });
    case 'purge':
      return at(world, me, 'purge-again', { job: action.job });
  }
};

const first = (world: World, me: Outsider): readonly Step[] => {
  const { job } = world;
  const nowMs = clockOf(world, me);
  switch (me.kind) {
    case 'sweep': {
      const action = dueAction(job, nowMs);
      if (action.kind === 'nothing') return [];
      return [{ label: `${me.name}: reads the job`, world: byAction(world, me, action) }];
    }
    case 'cancel':
      return [{ label: `${me.name}: reads the job`, world: at(world, me, 'cancel', { job }) }];
    case 'delete':
      return [{ label: `${me.name}: reads the job`, world: at(world, me, 'bury', { job }) }];
    case 'read':
      return [{ label: `${me.name}: reads the item`, world: at(world, me, 'read', { job }) }];
  }
};

const swept = (rules: Rules, world: World, me: Outsider, write: JobWrite): readonly Step[] =>
  carryOut(rules, world, write, me.name).map(({ label, world: next, told }) => {
    if (told !== 'written') return { label, world: done(next, me) };
    const then = me.send ? at(next, me, 'send') : afterEnd(next, me, next.job);
    return { label, world: then };
  });

const sendSteps = (world: World, me: Outsider): readonly Step[] => {
  const sent = { label: `${me.name}: sends`, world: done(send(world, world.nowMs), me) };
  if (world.left.losses === 0) return [sent];
  const left = { ...world.left, losses: world.left.losses - 1 };
  return [sent, { label: `${me.name}: sends in vain`, world: done({ ...world, left }, me) }];
};

const cancelling = (rules: Rules, world: World, me: Outsider, job: Job): readonly Step[] => {
  if (isEnded(job))
    return [{ label: `${me.name}: finds it ended`, world: afterEnd(world, me, job) }];
  return carryOut(rules, world, cancel(job, clockOf(world, me)), me.name).map((carried) => {
    const { label, world: next, told } = carried;
    if (told === 'written') return { label, world: afterEnd(next, me, next.job) };
    return { label, world: at(next, me, 'idle', { job: undefined }) };
  });
};

const burying = (rules: Rules, world: World, me: Outsider, job: Job): readonly Step[] => {
  if (isBuried(job)) return [{ label: `${me.name}: finds it buried`, world: done(world, me) }];
  return carryOut(rules, world, bury(job, clockOf(world, me)), me.name).map((carried) => {
    const { label, world: next, told } = carried;
    return told === 'written'
      ? { label, world: at(next, me, 'purge', { job: next.job }) }
      : { label, world: at(next, me, 'bury-read', { job: undefined }) };
  });
};

/** As `erase` after a refusal: a tombstone may be its own. */
const buryRead = (world: World, me: Outsider): World =>
  at(world, me, isBuried(world.job) ? 'purge' : 'bury', { job: world.job });

const stopping = (rules: Rules, world: World, me: Outsider, job: Job): readonly Step[] => {
  if (!isEnded(job)) return [];
  if (me.at === 'stop') {
    const { world: next, broken } = stopAtUpstream(world, job.upstreamId, me.name);
    const step = { label: `${me.name}: stops ${job.upstreamId}`, world: at(next, me, 'stopped') };
    return [broken === undefined ? step : { ...step, broken }];
  }
  return carryOut(rules, world, stopped(job), me.name).map(({ label, world: next }) => ({
    label,
    world: done(next, me),
  }));
};

const readText = (world: World, me: Outsider, job: Job): Step => {
  const text = transcriptText(job, world.chunks);
  const numbers = new Set(
    (text ?? '')
      .split(' ')
      .filter(Boolean)
      .map((token) => token.split(':')[0]),
  );
  const step = { label: `${me.name}: reads the chunks`, world: done(world, me) };
  return numbers.size > 1 ? { ...step, broken: 'a reader saw the text of two generations' } : step;
};

/** What somebody without a lease can do next. */
export const outsiderSteps = (rules: Rules, world: World, me: Outsider): readonly Step[] => {
  if (me.at === 'gone') return [];
  if (me.at === 'idle') return first(world, me);
  if (me.at === 'send') return sendSteps(world, me);
  if (me.at === 'write') return me.write === undefined ? [] : swept(rules, world, me, me.write);
  if (me.at === 'bury-read') {
    return [{ label: `${me.name}: reads it again`, world: buryRead(world, me) }];
  }
  const { job } = me;
  if (job === undefined) return [];
  switch (me.at) {
    case 'cancel':
      return cancelling(rules, world, me, job);
    case 'bury':
      return burying(rules, world, me, job);
    case 'purge':
      return [{ label: `${me.name}: purges`, world: afterEnd(purgeContent(world), me, job) }];
    case 'purge-again':
      return [{ label: `${me.name}: purges again`, world: at(purgeContent(world), me, 'purged') }];
    case 'purged':
      if (!isEnded(job)) return [];
      return carryOut(rules, world, purged(job), me.name).map(({ label, world: next }) => ({
        label,
        world: done(next, me),
      }));
    case 'stop':
    case 'stopped':
      return stopping(rules, world, me, job);
    case 'read':
      return [readText(world, me, job)];
    default:
      throw new Error(`No steps at ${me.at}.`);
  }
};
