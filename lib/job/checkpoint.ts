import { checkpointAloneMs, checkpointFollowedMs, maxChunkBytes } from '../limits.ts';
import type { Job } from './job.ts';
import type { EpochMs } from './time.ts';

/** How far a job's output goes: `upstreamSeq` is the last upstream event within `seq`. */
export type Position = {
  readonly segments: Job['segments'];
  readonly seq: number;
  readonly upstreamSeq: number | undefined;
};

type Pending = {
  readonly pendingBytes: number;
  readonly lastCheckpointAtMs: EpochMs;
  readonly nowMs: EpochMs;
  readonly followed: boolean;
};

/** Half of the largest chunk: what streams in while a checkpoint is being written still fits. */
const fullBytes = maxChunkBytes / 2;

/** Whether the output put out since the last checkpoint is to be written now. */
export const checkpointDue = (at: Pending): boolean => {
  if (at.pendingBytes === 0) return false;
  const everyMs = at.followed ? checkpointFollowedMs : checkpointAloneMs;
  return at.pendingBytes >= fullBytes || at.nowMs - at.lastCheckpointAtMs >= everyMs;
};

/** The job's segments with the attempt's output up to `upTo` among them. */
export const extendSegments = (
  segments: Job['segments'],
  attempt: number,
  upTo: number,
): Job['segments'] => [
  ...segments.filter((segment) => segment.attempt !== attempt),
  { attempt, upTo },
];

type Chunk = {
  readonly attempt: number;
  readonly first: number;
  readonly deltas: readonly string[];
};

/**
 * The text that the job's segments name, from their chunks in any order. Undefined when a chunk is
 * missing: the item was read before a restart and the chunks after it. Chunks of attempts that lost
 * their lease, and what a late writer put beyond a segment's end, are left out.
 */
export const transcriptText = (
  job: Pick<Job, 'segments'>,
  chunks: readonly Chunk[],
): string | undefined => {
  let text = '';
  for (const { attempt, upTo } of job.segments) {
    const own = chunks.filter((chunk) => chunk.attempt === attempt);
    own.sort((a, b) => a.first - b.first);
    let next = own[0]?.first;
    if (next === undefined) return undefined;
    for (const chunk of own) {
      if (chunk.first > upTo) break;
      if (chunk.first !== next) return undefined;
      text += chunk.deltas.slice(0, upTo - chunk.first + 1).join('');
      next = chunk.first + chunk.deltas.length;
    }
    if (next <= upTo) return undefined;
  }
  return text;
};
