import { Fault } from '../errors.ts';
import { isDeleted, type ReadDeps } from './read.ts';

/**
 * Whether a read failed because the job was erased between its item and its content. Throws Fault
 * `store_unavailable` when that cannot be told.
 */
export const wasErased = async (
  deps: Pick<ReadDeps, 'jobs'>,
  id: string,
  error: unknown,
): Promise<boolean> => {
  if (!(error instanceof Fault) || error.code !== 'item_unreadable') return false;
  const job = await deps.jobs.load(id, 'strong');
  return job === undefined || isDeleted(job);
};

/** What `read` tells of a job; Fault `gone` in place of content that was erased meanwhile. */
export const unlessErased = async <T>(
  deps: Pick<ReadDeps, 'jobs'>,
  id: string,
  gone: () => Fault,
  read: () => Promise<T>,
): Promise<T> => {
  try {
    return await read();
  } catch (error) {
    throw (await wasErased(deps, id, error)) ? gone() : error;
  }
};
