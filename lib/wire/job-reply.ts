import { isEnded, type Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { errorBody } from './error-body.ts';
import type { HttpReply } from './http.ts';

/** Seconds until it is worth asking again: soon at first, later for what takes long. */
const pollAfterSeconds = (elapsedMs: number): number =>
  Math.min(10, Math.max(1, Math.round(elapsedMs / 20_000)));

const applied = (preference: string | undefined): Record<string, string> =>
  preference === undefined ? {} : { 'preference-applied': preference };

/** Without the wait if the job is answered long before that is over. */
const asHonoured = (preference: string | undefined, elapsedMs: number): string | undefined => {
  const honoured = preference?.split(', ').filter((word) => {
    const [, seconds] = /^wait=(\d+)$/.exec(word) ?? [];
    return seconds === undefined || elapsedMs >= Number(seconds) * 500;
  });
  return honoured === undefined || honoured.length === 0 ? undefined : honoured.join(', ');
};

/** Headers that tell when to ask again for a job that is pending. */
export const pollHeaders = (job: Job, nowMs: EpochMs): Record<string, string> => {
  if (isEnded(job)) return {};
  const seconds = pollAfterSeconds(nowMs - job.createdAtMs);
  return { 'retry-after': String(seconds), 'openai-poll-after-ms': String(seconds * 1000) };
};

/** 202 with where the result will be, or 200 once the job has ended. */
export const jobReply = (
  job: Job,
  body: unknown,
  at: {
    readonly location: string;
    readonly nowMs: EpochMs;
    readonly preference?: string | undefined;
  },
): HttpReply =>
  isEnded(job)
    ? { status: 200, headers: applied(at.preference), body }
    : {
        status: 202,
        headers: {
          location: at.location,
          ...pollHeaders(job, at.nowMs),
          ...applied(asHonoured(at.preference, at.nowMs - job.createdAtMs)),
        },
        body,
      };

/** What a client that waited for a job is told when it failed: the job's error, as an HTTP error. */
export const failureReply = (
  job: Job,
  location: string,
  preference: string | undefined,
): HttpReply | undefined => {
  if (job.status !== 'failed' || job.error === undefined) return undefined;
  const { error } = job;
  const retryAfter = error.httpStatus === 503 || error.httpStatus === 429;
  return {
    status: error.httpStatus,
    headers: {
      location,
      // What could be retried was: OpenAI's clients would repeat a 429 or 5xx and pay once more.
      'x-should-retry': 'false',
      ...(retryAfter ? { 'retry-after': '5' } : {}),
      ...applied(preference),
    },
    body: errorBody(error),
  };
};
