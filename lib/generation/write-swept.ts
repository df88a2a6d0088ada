import type { Job } from '../job/job.ts';
import type { JobWrite } from '../job/write.ts';
import type { Deps } from '../ports.ts';

const telling = ['status', 'epoch', 'dueAtMs', 'endedAtMs'] as const;

const isThere = (job: Job, write: JobWrite): boolean => {
  const now: Readonly<Partial<Record<(typeof telling)[number], unknown>>> = job;
  return telling.every((field) => !(field in write.set) || write.set[field] === now[field]);
};

/**
 * Carries out a write of the sweep: the job as it left it, undefined when it was refused. Where no
 * clear answer came, the item tells: a job that was written and not sent for would wait for another
 * two minutes. Throws the cause when the write did not land, or Fault `store_unavailable`.
 */
export const writeSwept = async (
  deps: Pick<Deps, 'jobs'>,
  write: JobWrite,
): Promise<Job | undefined> => {
  const outcome = await deps.jobs.write(write);
  if (outcome.kind === 'written') return outcome.job;
  if (outcome.kind === 'refused') return undefined;
  const now = await deps.jobs.load(write.id, 'strong');
  if (now !== undefined && isThere(now, write)) return now;
  throw outcome.cause;
};
