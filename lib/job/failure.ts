import { Fault } from '../errors.ts';
import type { Job, JobError } from './job.ts';
import { lastFailure } from './ledger.ts';

/** A fault as it is kept on the job: what a client may read of it, without cause or stack. */
export const jobError = (fault: Fault): JobError => ({
  message: fault.message,
  type: fault.reported.type,
  param: fault.reported.param,
  code: fault.reported.code,
  httpStatus: fault.reported.status,
});

/** `error` after the last attempt it was worth. */
export const attemptsSpentError = (error: JobError, attempts: number): JobError => ({
  ...error,
  message: `${error.message.replace(/\.$/, '')} (after ${attempts} attempts).`,
});

/** The deadline has passed, or would before another attempt; `failure` is what the last one failed of. */
export const deadlineError = (failure: string | undefined): JobError => {
  const cause = failure === undefined ? '' : ` The last attempt failed: ${failure}`;
  return jobError(
    new Fault(
      'deadline_exceeded',
      `The job did not finish before its deadline. A later one can be set with X-Deadline-Ms.${cause}`,
    ),
  );
};

export const workerLostError = (job: Pick<Job, 'strikes' | 'ledger'>): JobError => {
  const failure = lastFailure(job);
  const cause = failure === undefined ? '' : ` An earlier attempt failed: ${failure}`;
  return jobError(
    new Fault(
      'worker_lost',
      `The worker stopped in each of the job's ${job.strikes} attempts before it could finish.${cause}`,
    ),
  );
};

export const tooLongError = (): JobError =>
  jobError(
    new Fault(
      'generation_too_long',
      'The generation was still producing when the worker reached its longest running time. ' +
        'Ask for less output, or use an upstream that can generate in the background.',
    ),
  );
