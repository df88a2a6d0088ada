import type { Job, LiveJob } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import { renew } from '../job/transition.ts';
import type { JobWrite } from '../job/write.ts';
import { leaseMs, leaseRenewMs } from '../limits.ts';
import type { Deps } from '../ports.ts';
import { writeFenced } from './fenced-write.ts';

/** The right to write to one job, and the job as its last own write left it. */
export type Lease = {
  readonly job: Job;
  /**
   * Carries out the fenced write that `make` builds on the present job; false once the job is not
   * ours. Throws Fault `store_unavailable` when it stays uncertain whether it landed.
   */
  write(make: (job: Job, nowMs: EpochMs) => JobWrite): Promise<boolean>;
  /** Renews when a renewal is due. */
  keep(): Promise<boolean>;
};

/** Holds a freshly claimed or created job. Writes are carried out one after the other. */
export const holdLease = (deps: Pick<Deps, 'jobs' | 'clock'>, claimed: LiveJob): Lease => {
  let job: Job = claimed;
  let renewedAtMs = after(claimed.leaseExpiresAtMs, -leaseMs);
  let held = true;
  /**
   * A write nobody knows the fate of. Its number is taken, so it is repeated until its fate is
   * known before another is made: otherwise that one would find the number there and believe that
   * it had landed itself.
   */
  let uncertain: JobWrite | undefined;
  let last: Promise<unknown> = Promise.resolve();

  const settleFate = async (write: JobWrite): Promise<void> => {
    uncertain = write;
    const written = await writeFenced(deps, job, write);
    uncertain = undefined;
    held = written?.status === 'in_progress';
    job = written ?? job;
  };

  const carryOut = async (make: (job: Job, nowMs: EpochMs) => JobWrite): Promise<boolean> => {
    if (uncertain !== undefined) await settleFate(uncertain);
    if (!held) return false;
    const nowMs = deps.clock.nowMs();
    const before = job;
    await settleFate(make(job, nowMs));
    renewedAtMs = nowMs;
    return job !== before;
  };

  const write: Lease['write'] = (make) => {
    const turn = last.then(() => carryOut(make));
    last = turn.catch(() => undefined);
    return turn;
  };

  return {
    get job() {
      return job;
    },
    write,
    keep: async () => (deps.clock.nowMs() - renewedAtMs < leaseRenewMs ? held : write(renew)),
  };
};
