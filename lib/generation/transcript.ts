import { extendSegments } from '../job/checkpoint.ts';
import type { EpochMs } from '../job/time.ts';
import { checkpoint } from '../job/transition.ts';
import { maxChunkBytes } from '../limits.ts';
import type { Deps, TranscriptChunk } from '../ports.ts';
import { persist } from './fenced-write.ts';
import type { Lease } from './lease.ts';

/** The output of one attempt as it comes in, and how much of it the table holds. */
export type Transcript = {
  /** All of it. */
  readonly text: string;
  /** What is not yet written takes so much in a chunk. */
  readonly pendingBytes: number;
  readonly lastCheckpointAtMs: EpochMs;
  append(delta: string): void;
  /**
   * Writes what is pending, a chunk at a time: first the chunk, then the position. False once the job
   * is not ours. Throws Faults of the store.
   */
  checkpoint(): Promise<boolean>;
};

/** What a delta takes in a chunk: its UTF-8, and its quotes and comma. */
const storedBytes = (delta: string): number => Buffer.byteLength(delta) + 3;

/** UTF-8 takes at most three bytes for a code unit. */
const maxDeltaChars = Math.floor((maxChunkBytes - 3) / 3);

/** The delta in pieces that each fit a chunk; an answer that was not streamed is a single delta. */
const fittingPieces = (delta: string): string[] => {
  if (storedBytes(delta) <= maxChunkBytes) return [delta];
  const pieces: string[] = [];
  for (let from = 0; from < delta.length; from += maxDeltaChars) {
    pieces.push(delta.slice(from, from + maxDeltaChars));
  }
  return pieces;
};

/** How many of the deltas, at least one, fit a chunk together. */
const fittingCount = (deltas: readonly string[]): number => {
  let bytes = 0;
  for (const [index, delta] of deltas.entries()) {
    bytes += storedBytes(delta);
    if (bytes > maxChunkBytes) return Math.max(1, index);
  }
  return deltas.length;
};

/** An empty transcript that goes on after the job's last sequence number. */
export const beginTranscript = (
  deps: Pick<Deps, 'content' | 'clock'>,
  lease: Lease,
): Transcript => {
  const { id, attempt, resultExpiresAtMs } = lease.job;
  const texts: string[] = [];
  const pending: string[] = [];
  let pendingBytes = 0;
  let next = lease.job.seq + 1;
  let lastCheckpointAtMs = deps.clock.nowMs();
  /** A chunk whose write is not certain: it is written again, byte for byte, before any other. */
  let frozen: TranscriptChunk | undefined;

  const freeze = (): TranscriptChunk => {
    const deltas = pending.splice(0, fittingCount(pending));
    const chunk = { attempt, first: next, deltas };
    next += deltas.length;
    for (const delta of deltas) pendingBytes -= storedBytes(delta);
    return chunk;
  };

  const write = async (chunk: TranscriptChunk): Promise<boolean> => {
    frozen = chunk;
    await persist(deps, () => deps.content.putChunk(id, chunk, resultExpiresAtMs));
    const upTo = chunk.first + chunk.deltas.length - 1;
    const held = await lease.write((job, nowMs) =>
      checkpoint(job, { segments: extendSegments(job.segments, attempt, upTo), seq: upTo }, nowMs),
    );
    frozen = undefined;
    return held;
  };

  return {
    get text() {
      return texts.join('');
    },
    get pendingBytes() {
      return pendingBytes;
    },
    get lastCheckpointAtMs() {
      return lastCheckpointAtMs;
    },
    append: (delta) => {
      texts.push(delta);
      for (const piece of fittingPieces(delta)) {
        pending.push(piece);
        pendingBytes += storedBytes(piece);
      }
    },
    checkpoint: async () => {
      lastCheckpointAtMs = deps.clock.nowMs();
      const end = next + pending.length;
      if (frozen !== undefined && !(await write(frozen))) return false;
      while (next < end) if (!(await write(freeze()))) return false;
      return true;
    },
  };
};
