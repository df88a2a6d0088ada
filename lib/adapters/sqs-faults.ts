import { Fault } from '../errors.ts';

const retryAfterMs = 2_000;

/** The queue did not take what it was given, or did not say so: worth trying again later. */
export const queueFault = (cause: unknown): Fault =>
  new Fault('queue_unavailable', 'The job queue cannot be reached at the moment.', {
    retry: { kind: 'later', afterMs: retryAfterMs },
    retryAfterMs,
    cause,
  });
