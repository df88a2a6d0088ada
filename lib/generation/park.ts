import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import { isKeptQueued, lookLater, mayLookIn, nextLookAtMs, park } from '../job/park.ts';
import type { EpochMs } from '../job/time.ts';
import type { UpstreamServer } from '../ports/upstreams.ts';
import type { Deps } from '../ports.ts';
import type { Attempt, Parking, RunOutcome } from './attempt.ts';
import { sendAgain } from './send-again.ts';
import { upstreamOf } from './task.ts';
import { type MessageFate, redeliver } from './turn.ts';
import { writeSwept } from './write-swept.ts';

/** Shorter pauses cost more than they tell. */
const shortestPauseMs = 1_000;

const lookAtOf = (job: Job, nowMs: EpochMs, parkAfterMs: number): EpochMs | undefined =>
  nextLookAtMs(job, nowMs, Math.max(shortestPauseMs, parkAfterMs));

/**
 * Whether a worker lets go of its attempt's generation: one that goes on without it, and that nobody has
 * waited for while it was heard of. `seen` is the job as it was just read.
 */
export const mayPark = (
  { parkAfterMs }: Parking,
  { via, task, lease, contact }: Pick<Attempt, 'via' | 'task' | 'lease' | 'contact'>,
  seen: Job,
  nowMs: EpochMs,
): boolean => {
  const { sinceMs } = contact;
  if (parkAfterMs === undefined || via !== 'worker' || sinceMs === undefined) return false;
  if (!task.resumable || !task.upstream.adoptable || lease.job.upstreamId === undefined) {
    return false;
  }
  const awaitedUntilMs = Math.max(sinceMs, seen.awaitedUntilMs ?? 0);
  return (
    nowMs - awaitedUntilMs >= parkAfterMs && lookAtOf(lease.job, nowMs, parkAfterMs) !== undefined
  );
};

/** The message for the next look at a parked job. */
export const sendForLook = (deps: Pick<Deps, 'queue' | 'clock' | 'log'>, job: Job): Promise<void> =>
  sendAgain(deps, job, Math.max(0, job.notBeforeMs - deps.clock.nowMs()));

/** Parks the attempt's job; its output has been stored as far as it could be. */
export const parkJob = async (
  deps: Pick<Deps, 'log'> & Parking,
  { lease, meter }: Attempt,
): Promise<RunOutcome> => {
  const spent = meter.spent();
  const written = await lease.write((job, nowMs) =>
    park(job, lookAtOf(job, nowMs, deps.parkAfterMs ?? 0) ?? nowMs, nowMs, spent),
  );
  if (!written) return { kind: 'superseded' };
  const { id: jobId, attempt, notBeforeMs } = lease.job;
  deps.log.info('job.parked', { jobId, attempt, notBeforeMs });
  return { kind: 'parked', job: lease.job };
};

/** `work`: the job wants an attempt; `restart`: one that gives the generation up and begins another. */
export type Look = { readonly kind: 'work' } | { readonly kind: 'restart' } | MessageFate;

type LookDeps = Pick<Deps, 'jobs' | 'queue' | 'upstreams' | 'clock' | 'log'> & Parking;

const work: Look = { kind: 'work' };

/** The generation's status as its upstream tells it; undefined when it does not. */
const statusAt = async (
  deps: LookDeps,
  upstream: UpstreamServer,
  { id: jobId, upstreamId = '' }: Job,
  functionSignal: AbortSignal,
): Promise<unknown> => {
  try {
    return (await upstream.retrieve(upstreamId, functionSignal))['status'];
  } catch (error) {
    if (!(error instanceof Fault) && !functionSignal.aborted) throw error;
    deps.log.info('generation.unseen', { jobId, error });
    return undefined;
  }
};

/**
 * Looks in on a generation that an attempt has let go of. While it goes on and nobody waits for it, the
 * job is parked, again or for the first time, and its message has done its work; nothing of this is an
 * attempt. All else, a look that fails too, is for an attempt to find out about. Throws Fault
 * `store_unavailable`.
 */
export const lookIn = async (
  deps: LookDeps,
  job: Job,
  functionSignal: AbortSignal,
): Promise<Look> => {
  const { parkAfterMs } = deps;
  const upstream = upstreamOf(deps, job);
  if (parkAfterMs === undefined || !mayLookIn(job) || !upstream?.adoptable) return work;
  if ((job.awaitedUntilMs ?? 0) > deps.clock.nowMs()) return work;
  const status = await statusAt(deps, upstream, job, functionSignal);
  if (functionSignal.aborted) return redeliver(0);
  if (status !== 'in_progress' && status !== 'queued') return work;
  const nowMs = deps.clock.nowMs();
  if (status === 'queued' && isKeptQueued(job, nowMs)) return { kind: 'restart' };
  const lookAtMs = lookAtOf(job, nowMs, parkAfterMs);
  if (lookAtMs === undefined) return work;
  const written = await writeSwept(deps, lookLater(job, lookAtMs, nowMs));
  if (written !== undefined) await sendForLook(deps, written);
  deps.log.info('generation.seen', { jobId: job.id, status, lookAtMs });
  return { kind: 'acknowledge' };
};
