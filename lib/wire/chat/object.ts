import { isEnded, type Job } from '../../job/job.ts';
import { shownStatus } from '../../job/park.ts';
import { type EpochMs, toEpochSeconds } from '../../job/time.ts';
import { errorFields } from '../error-body.ts';
import { isJsonObject } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

/** A chat completion, or a job that has none (yet) and says where it will be. */
export type ChatObject = JsonObject;

/**
 * The chat completion of a job that has one. Else an object with no choices, which tells the job's
 * status, where the completion will be, and what the job failed of.
 */
export const chatObject = (
  job: Job,
  final: unknown,
  resultUrl: string,
  nowMs: EpochMs,
): ChatObject => {
  if (isJsonObject(final)) return { ...final, id: job.id };
  const ended = isEnded(job);
  return {
    id: job.id,
    object: 'chat.completion',
    created: toEpochSeconds(job.createdAtMs),
    model: job.model,
    choices: [],
    usage: ended ? (job.usage ?? null) : null,
    status: shownStatus(job),
    result_url: resultUrl,
    ...(ended && job.error !== undefined ? { error: errorFields(job.error) } : {}),
    ...(ended ? {} : { progress: { elapsed_ms: Math.max(0, nowMs - job.createdAtMs) } }),
  };
};
