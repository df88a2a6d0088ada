import { assertNever } from '../errors.ts';
import { type DueAction, dueAction } from '../job/due.ts';
import type { Job } from '../job/job.ts';
import { purged } from '../job/rest.ts';
import type { JobWrite } from '../job/write.ts';
import { dueShards } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { announce } from './announce.ts';
import { condemnUnread } from './condemn-unread.ts';
import { erase } from './erase.ts';
import type { TurnDeps } from './next-turn.ts';
import { stopUpstream } from './stop-upstream.ts';
import { sweepTenants } from './sweep-tenants.ts';
import { upstreamOf } from './task.ts';
import { writeSwept } from './write-swept.ts';

type SweepDeps = Pick<
  Deps,
  'jobs' | 'content' | 'queue' | 'deliveryQueue' | 'upstreams' | 'clock' | 'log'
> &
  TurnDeps;

/** How many jobs each kind of action was taken on, and how many failed. */
export type SweepReport = {
  readonly written: number;
  readonly sent: number;
  readonly failed: number;
};

const pageSize = 100;
const together = 10;

type Tally = { written: number; sent: number; failed: number };

/** Write first, which re-arms the job, then send: a send that fails is made up for by a later sweep. */
const writeAndSend = async (
  deps: SweepDeps,
  job: Job,
  { write, send }: Extract<DueAction, { kind: 'write' }>,
  tally: Tally,
): Promise<void> => {
  const written = await writeSwept(deps, write);
  if (written === undefined) return;
  tally.written += 1;
  deps.log.info('job.swept', { jobId: job.id, action: write.name });
  await announce(deps, written);
  await stopUpstream(deps, written, upstreamOf(deps, written));
  if (!send) return;
  await deps.queue.send({ v: 1, jobId: job.id, epoch: written.epoch }, job.tenant, 0);
  tally.sent += 1;
};

/** Likewise for the callbacks of a job that has ended. */
const remind = async (deps: SweepDeps, write: JobWrite, tally: Tally): Promise<void> => {
  const written = await writeSwept(deps, write);
  if (written === undefined) return;
  tally.written += 1;
  await announce(deps, written);
  tally.sent += 1;
};

/** An upstream that does not hear keeps neither the other jobs waiting nor the job's callbacks. */
const stopLate = async (deps: SweepDeps, write: JobWrite): Promise<void> => {
  const job = await writeSwept(deps, write);
  if (job === undefined) return;
  await announce(deps, job);
  await stopUpstream(deps, job, upstreamOf(deps, job));
};

/** Undefined also for one that cannot be read, which is seen to. */
const loadDue = async (deps: SweepDeps, id: string, tally: Tally): Promise<Job | undefined> => {
  try {
    return await deps.jobs.load(id, 'strong');
  } catch (thrown) {
    if (await condemnUnread(deps, id, thrown)) tally.written += 1;
    return undefined;
  }
};

const sweepJob = async (deps: SweepDeps, id: string, tally: Tally): Promise<void> => {
  const job = await loadDue(deps, id, tally);
  if (job === undefined) return;
  const action = dueAction(job, deps.clock.nowMs());
  switch (action.kind) {
    case 'nothing':
      return;
    case 'write':
      return writeAndSend(deps, job, action, tally);
    case 'stop':
      return stopLate(deps, action.write);
    case 'tell':
      return remind(deps, action.write, tally);
    case 'erase':
      await erase(deps, action.job);
      return;
    case 'purge':
      await deps.content.purge(id);
      await deps.jobs.write(purged(action.job));
      return;
    default:
      return assertNever(action);
  }
};

const sweepQuietly = async (deps: SweepDeps, id: string, tally: Tally): Promise<void> => {
  try {
    await sweepJob(deps, id, tally);
  } catch (error) {
    tally.failed += 1;
    deps.log.error('sweep.failed', { jobId: id, error });
  }
};

const sweepShard = async (
  deps: SweepDeps,
  shard: number,
  signal: AbortSignal,
  tally: Tally,
): Promise<void> => {
  const done = new Set<string>();
  while (!signal.aborted) {
    const page = await deps.jobs.due(shard, deps.clock.nowMs(), done.size + pageSize);
    const fresh = page.filter((id) => !done.has(id));
    if (fresh.length === 0) return;
    for (let from = 0; from < fresh.length && !signal.aborted; from += together) {
      const group = fresh.slice(from, from + together);
      await Promise.all(group.map((id) => sweepQuietly(deps, id, tally)));
      for (const id of group) done.add(id);
    }
  }
};

const sweepLimited = async (deps: SweepDeps, signal: AbortSignal, tally: Tally): Promise<void> => {
  const failed = await sweepTenants(deps, signal);
  tally.failed += failed;
};

/**
 * Everything that is due: expired leases, messages that were lost, passed deadlines; and what was missed
 * of tenants' turns. What fails is logged, stays due and is met again by the next sweep. Stops early
 * when `signal` aborts.
 */
export const sweep = async (deps: SweepDeps, signal: AbortSignal): Promise<SweepReport> => {
  const tally: Tally = { written: 0, sent: 0, failed: 0 };
  const quietly = async (what: Readonly<Record<string, unknown>>, act: Promise<void>) => {
    try {
      await act;
    } catch (error) {
      tally.failed += 1;
      deps.log.error('sweep.failed', { ...what, error });
    }
  };
  const shards = Array.from({ length: dueShards }, (_, shard) => shard);
  await Promise.all([
    ...shards.map((shard) => quietly({ shard }, sweepShard(deps, shard, signal, tally))),
    quietly({ tenants: 'all' }, sweepLimited(deps, signal, tally)),
  ]);
  deps.log.info('sweep.ended', tally);
  return tally;
};
