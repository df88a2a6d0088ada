import { isEnded, type Job, type JobStatus, type Usage } from '../job/job.ts';
import { shownStatus } from '../job/park.ts';
import { type EpochMs, type EpochSeconds, toEpochSeconds } from '../job/time.ts';
import { errorFields } from './error-body.ts';
import type { FinalGeneration } from './final-generation.ts';

/** What the job's item does not hold. A final generation can be spread into it. */
export type GenerationParts = {
  readonly resultUrl: string;
  readonly nowMs: EpochMs;
  /** The whole text of a completed or incomplete generation. */
  readonly text?: string | null | undefined;
  readonly finishReason?: FinalGeneration['finishReason'] | undefined;
  /** The output so far of a job that has no whole text. */
  readonly partialText?: string | undefined;
};

/** The object that `/generate` and the result URL answer with. Times are seconds since the epoch. */
export type GenerationObject = {
  readonly id: string;
  readonly object: 'generation';
  readonly status: JobStatus;
  readonly model: string;
  /** Absent while the job is pending; null when it ended without a whole text. */
  readonly text?: string | null;
  /** Present when there is output without a whole text, and the caller has read it. */
  readonly partial_text?: string;
  readonly usage: Usage | null;
  readonly attempts: number;
  readonly error: ReturnType<typeof errorFields> | null;
  readonly incomplete_details: { readonly reason: 'max_output_tokens' | 'content_filter' } | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly created_at: EpochSeconds;
  /** When the job ended, whatever its outcome. */
  readonly completed_at: EpochSeconds | null;
  readonly result_url: string;
  /** Present while the job is pending. */
  readonly progress?: {
    readonly elapsed_ms: number;
    /** The attempt that runs, or ran last; 0 before the first. */
    readonly attempt: number;
    /** Code points put out so far; absent when the caller has not read them. */
    readonly output_characters?: number;
  };
};

const countCharacters = (text: string): number => {
  let characters = 0;
  for (const _ of text) characters += 1;
  return characters;
};

const ending = (job: Job, parts: GenerationParts) => {
  if (!isEnded(job))
    return { usage: null, error: null, incomplete_details: null, completed_at: null };
  const reason: 'content_filter' | 'max_output_tokens' =
    parts.finishReason === 'content_filter' ? 'content_filter' : 'max_output_tokens';
  return {
    text: parts.text ?? null,
    usage: job.usage ?? null,
    error: job.error === undefined ? null : errorFields(job.error),
    incomplete_details: job.status === 'incomplete' ? { reason } : null,
    completed_at: toEpochSeconds(job.endedAtMs),
  };
};

const progress = (job: Job, { nowMs, partialText }: GenerationParts) => ({
  elapsed_ms: Math.max(0, nowMs - job.createdAtMs),
  attempt: job.attempt,
  ...(partialText === undefined ? {} : { output_characters: countCharacters(partialText) }),
});

/** A job as its client sees it. */
export const generationObject = (job: Job, parts: GenerationParts): GenerationObject => {
  const { partialText } = parts;
  const pending = !isEnded(job);
  const showsPartialText =
    partialText !== undefined &&
    (pending || (partialText !== '' && typeof parts.text !== 'string'));
  return {
    id: job.id,
    object: 'generation',
    status: shownStatus(job),
    model: isEnded(job) ? (job.answeredBy ?? job.model) : job.model,
    ...ending(job, parts),
    ...(showsPartialText ? { partial_text: partialText } : {}),
    attempts: job.attempt,
    metadata: job.metadata ?? {},
    created_at: toEpochSeconds(job.createdAtMs),
    result_url: parts.resultUrl,
    ...(pending ? { progress: progress(job, parts) } : {}),
  };
};
