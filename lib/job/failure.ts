import { Fault } from '../errors.ts';
import { crashesOf } from './crash.ts';
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

/** As `deadlineError`, for a job that may not be started before; `failure` as there. */
export const startDeadlineError = (failure: string | undefined): JobError =>
  failure !== undefined
    ? deadlineError(failure)
    : jobError(
        new Fault(
          'deadline_exceeded',
          'The job cannot start before its deadline, because the model server keeps failing. A later one can be set with X-Deadline-Ms.',
        ),
      );

/** Of a job whose present attempt, still open, is given up with its sandbox. */
export const workerLostError = (job: Pick<Job, 'ledger'>): JobError => {
  const crashes = crashesOf(job) + 1;
  const failure = lastFailure(job);
  const cause = failure === undefined ? '' : ` An earlier attempt failed: ${failure}`;
  return jobError(
    new Fault(
      'worker_lost',
      `The worker stopped in ${crashes} of ${job.ledger.length} attempts before the job was finished.${cause}`,
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
