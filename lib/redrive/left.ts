import { Fault } from '../errors.ts';
import type { Verdict } from './redrive.ts';

/** Nobody can say that the message is done with. `what` is for the operator. */
export const left = (what: string, jobId?: string): Verdict => ({ kind: 'left', what, jobId });

/** The verdict, or that what the message names cannot be read; other faults are thrown on. */
export const unlessUnreadable = async (
  jobId: string,
  judge: () => Promise<Verdict>,
): Promise<Verdict> => {
  try {
    return await judge();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    if (thrown.code === 'item_newer') return left('its job is of a later version', jobId);
    if (thrown.code === 'item_unreadable') return left(thrown.message, jobId);
    throw thrown;
  }
};
