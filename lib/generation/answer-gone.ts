import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { isDeleted, isExpired } from './read.ts';

const gone = (why: string): Fault =>
  new Fault(
    'result_expired',
    `The request with this Idempotency-Key was carried out before, and ${why}. It is not carried out again: to have it generated anew, send it with another key.`,
  );

/** Of a job that was erased. */
export const answerGone = ({ unstored }: Pick<Job, 'unstored'>): Fault =>
  gone(
    unstored ? 'its answer was not kept, as `store: false` asks' : 'its answer was deleted since',
  );

/** Throws Fault `result_expired` for a job whose answer is there no more. */
export const mustHaveAnswer = (deps: Pick<Deps, 'clock'>, job: Job): Job => {
  if (isDeleted(job)) throw answerGone(job);
  if (isExpired(job, deps.clock.nowMs())) throw gone('its answer has expired since');
  return job;
};
