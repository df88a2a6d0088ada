import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import type { JobWrite } from '../job/write.ts';
import type { Deps } from '../ports.ts';

/** Waits between the tries of one write: about six seconds in all, well inside a lease. */
const pausesMs = [100, 200, 400, 800, 1_600, 3_200];

/**
 * Carries out a fenced write to its certain end. Refused or doubtful, the item is read: our owner,
 * attempt and write number there mean that it landed; ours without it, that it has to be repeated;
 * anything else, that the job is somebody else's now, and `undefined` is returned.
 * Throws Fault `store_unavailable` when the store does not answer for longer than that.
 */
export const writeFenced = async (
  deps: Pick<Deps, 'jobs' | 'clock'>,
  job: Job,
  write: JobWrite,
): Promise<Job | undefined> => {
  const writeNo = job.writeNo + 1;
  let cause: unknown;
  for (const pauseMs of [0, ...pausesMs]) {
    if (pauseMs > 0) await deps.clock.sleep(pauseMs);
    try {
      const outcome = await deps.jobs.write(write);
      if (outcome.kind === 'written') return outcome.job;
      const now = await deps.jobs.load(job.id, 'strong');
      if (now === undefined || now.owner !== job.owner || now.attempt !== job.attempt) {
        return undefined;
      }
      if (now.writeNo === writeNo) return now;
      if (now.status !== 'in_progress' || now.writeNo !== job.writeNo) return undefined;
      if (outcome.kind === 'doubtful') cause = outcome.cause;
    } catch (thrown) {
      cause = thrown;
    }
  }
  throw new Fault('store_unavailable', 'The store does not answer.', {
    retry: { kind: 'later', afterMs: 0 },
    cause,
  });
};

const isFinal = (thrown: unknown): boolean =>
  thrown instanceof Fault && thrown.retry.kind === 'never';

/**
 * Repeats `act` while it throws, after each of the pauses and none of them later than `untilMs`; the
 * last failure is thrown, and one that no repetition mends at once.
 */
export const persist = async <T>(
  deps: Pick<Deps, 'clock'>,
  act: () => Promise<T>,
  pauses: readonly number[] = pausesMs,
  untilMs?: EpochMs,
): Promise<T> => {
  for (const pauseMs of pauses) {
    try {
      return await act();
    } catch (thrown) {
      const tooLate = untilMs !== undefined && deps.clock.nowMs() >= untilMs;
      if (isFinal(thrown) || tooLate) throw thrown;
      await deps.clock.sleep(pauseMs);
    }
  }
  return act();
};
