import { Fault } from '../errors.ts';
import type { JobError } from '../job/job.ts';

type ErrorFields = Omit<JobError, 'httpStatus'>;

/** What a client reads of a fault or of a failed job, without the HTTP status. */
export const errorFields = (error: Fault | JobError): ErrorFields => {
  const { type, param, code } = error instanceof Fault ? error.reported : error;
  return { message: error.message, type, param, code };
};

/** OpenAI's error body. Holds no stack and no cause. */
export const errorBody = (error: Fault | JobError): { readonly error: ErrorFields } => ({
  error: errorFields(error),
});
