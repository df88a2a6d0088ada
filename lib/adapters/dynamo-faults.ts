import {
  ConditionalCheckFailedException,
  DynamoDBServiceException,
} from '@aws-sdk/client-dynamodb';
import { Fault } from '../errors.ts';

const retryAfterMs = 2_000;

/** The table could not be asked: worth trying again later. */
const unavailable = (cause: unknown): Fault =>
  new Fault('store_unavailable', 'The job store cannot be reached at the moment.', {
    retry: { kind: 'later', afterMs: retryAfterMs },
    retryAfterMs,
    cause,
  });

/** Asked again, a request that DynamoDB calls malformed is malformed again. */
const malformed = (cause: unknown): Fault =>
  new Fault('internal_error', 'The service failed unexpectedly.', { cause });

/** What a failed call means to whoever only reads. */
export const storeFault = (thrown: unknown): Fault => {
  if (thrown instanceof Fault) return thrown;
  const isMalformed =
    thrown instanceof DynamoDBServiceException && thrown.name === 'ValidationException';
  return isMalformed ? malformed(thrown) : unavailable(thrown);
};

const isRejected = (thrown: unknown): boolean =>
  thrown instanceof DynamoDBServiceException &&
  thrown.$fault === 'client' &&
  thrown.$retryable === undefined &&
  thrown.$metadata.httpStatusCode === 400 &&
  !/Throttl|LimitExceeded|ThroughputExceeded/.test(thrown.name) &&
  (thrown.$metadata.attempts ?? 1) === 1;

/**
 * What a failed conditional write means. Only a rejection of the very first try proves that nothing
 * was written; it throws the Fault. Everything else, throttling included, may follow a try of the
 * SDK's that landed without an answer.
 */
export const unwritten = (
  thrown: unknown,
): { readonly kind: 'refused' } | { readonly kind: 'doubtful'; readonly cause: unknown } => {
  if (thrown instanceof ConditionalCheckFailedException) return { kind: 'refused' };
  if (isRejected(thrown)) throw storeFault(thrown);
  return { kind: 'doubtful', cause: thrown };
};

/**
 * The same for a write whose writer can read back whether it landed: a refusal of the SDK's own
 * repetition may follow a first try that did.
 */
export const unwrittenOrRepeated = (thrown: unknown): ReturnType<typeof unwritten> => {
  const isRepetition =
    thrown instanceof ConditionalCheckFailedException && (thrown.$metadata.attempts ?? 1) > 1;
  return isRepetition ? { kind: 'doubtful', cause: thrown } : unwritten(thrown);
};
