import { Fault } from '../../../../lib/errors.ts';

/** What a client reads of the fault that `act` throws; undefined when it throws none. */
export const faultOf = (act: () => unknown) => {
  try {
    act();
  } catch (thrown) {
    if (!(thrown instanceof Fault)) throw thrown;
    const { status, param, code } = thrown.reported;
    return { status, param, code, message: thrown.message, retry: thrown.retry.kind };
  }
  return undefined;
};
