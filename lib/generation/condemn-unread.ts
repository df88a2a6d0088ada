import { Fault } from '../errors.ts';
import { jobError } from '../job/failure.ts';
import type { Deps } from '../ports.ts';

type CondemnDeps = Pick<Deps, 'jobs' | 'clock' | 'log'>;

const condemn = async (deps: CondemnDeps, jobId: string, error: Fault): Promise<boolean> => {
  const told = new Fault('item_unreadable', "The job's record is damaged and cannot be read.");
  const became = await deps.jobs.condemn(jobId, jobError(told), deps.clock.nowMs());
  deps.log.error('job.condemned', { jobId, became, error });
  return became !== 'spared';
};

/**
 * What to do about an item that the sweep could not load, because of what was `thrown`. One that
 * cannot be read is ended, so that its client hears of it and no later sweep meets it again. What a
 * later version wrote stays due, for that version's sweep. Any other fault is thrown on. Resolves to
 * whether the item was written to.
 */
export const condemnUnread = async (
  deps: CondemnDeps,
  jobId: string,
  thrown: unknown,
): Promise<boolean> => {
  const code = thrown instanceof Fault ? thrown.code : undefined;
  if (thrown instanceof Fault && code === 'item_unreadable') return condemn(deps, jobId, thrown);
  if (!(thrown instanceof Fault) || code !== 'item_newer') throw thrown;
  deps.log.warn('job.left', { jobId, why: thrown.message });
  return false;
};
