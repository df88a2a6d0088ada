import type { EndedJob } from '../job/job.ts';
import { errorBody } from './error-body.ts';
import type { GenerationObject } from './generation-object.ts';
import type { HttpReply } from './http.ts';

/** Seconds until it is worth asking again: soon at first, later for what takes long. */
const retryAfterSeconds = (elapsedMs: number): number =>
  Math.min(10, Math.max(1, Math.round(elapsedMs / 20_000)));

const applied = (preference: string | undefined): Record<string, string> =>
  preference === undefined ? {} : { 'preference-applied': preference };

/** 202 with where the result will be, or 200 once the job has ended. */
export const generationReply = (
  generation: GenerationObject,
  preference: string | undefined,
): HttpReply => {
  const { progress } = generation;
  if (progress === undefined) {
    return { status: 200, headers: applied(preference), body: generation };
  }
  return {
    status: 202,
    headers: {
      location: generation.result_url,
      'retry-after': String(retryAfterSeconds(progress.elapsed_ms)),
      ...applied(preference),
    },
    body: generation,
  };
};

/** What a client that waited for a job is told when it failed: the job's error, as an HTTP error. */
export const failureReply = (
  job: EndedJob,
  resultUrl: string,
  preference: string | undefined,
): HttpReply | undefined => {
  const { error } = job;
  if (job.status !== 'failed' || error === undefined) return undefined;
  const retryAfter = error.httpStatus === 503 || error.httpStatus === 429;
  return {
    status: error.httpStatus,
    headers: {
      location: resultUrl,
      // What could be retried was: OpenAI's clients would repeat a 429 or 5xx and pay once more.
      'x-should-retry': 'false',
      ...(retryAfter ? { 'retry-after': '5' } : {}),
      ...applied(preference),
    },
    body: errorBody(error),
  };
};
