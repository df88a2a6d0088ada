import { Fault } from '../../../lib/errors.ts';

/** A call that nothing came back from. */
export const noAnswer = (code: 'store_unavailable' | 'queue_unavailable'): Fault =>
  new Fault(code, 'No answer.', { retry: { kind: 'later', afterMs: 0 } });
