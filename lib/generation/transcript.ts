import { extendSegments, type Position } from '../job/checkpoint.ts';
import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { checkpoint } from '../job/transition.ts';
import { maxChunkBytes } from '../limits.ts';
import type { TranscriptChunk } from '../ports/content.ts';
import type { Deps } from '../ports.ts';
import { persist } from './fenced-write.ts';
import type { Lease } from './lease.ts';

/** Hears each piece of output as it comes, before it is stored. */
export type Listener = (seq: number, entry: string) => void;

/** The output of one attempt as it comes in, and how much of it the table holds. */
export type Transcript = {
  /** What the job is not known to hold, as far as it fits a chunk; undefined when that is nothing. */
  pending(): TranscriptChunk | undefined;
  /** Something has been put out, though it need not be stored yet. */
  readonly begun: boolean;
  /** What is not yet written takes so much in a chunk. */
  readonly pendingBytes: number;
  readonly lastCheckpointAtMs: EpochMs;
  /** The output of one upstream event, and that event's number at the upstream where it has one. */
  append(entries: readonly string[], upstreamSeq: number | undefined): void;
  /**
   * Writes what is pending, a chunk at a time: first the chunk, then the position. False once the job
   * is not ours. Throws Faults of the store.
   */
  checkpoint(): Promise<boolean>;
  /**
   * Likewise, but the position behind the last chunk, if that is news, is for the write that ends the
   * job to set. Undefined once the job is not ours. Throws Faults of the store.
   */
  store(): Promise<Partial<Position> | undefined>;
};

/** An entry, and the upstream's position behind it if it is the last of its event. */
type Pending = { readonly entry: string; readonly upstreamSeq: number | undefined };

/** A chunk with the upstream's position at its end. */
type Sealed = { readonly chunk: TranscriptChunk; readonly upstreamSeq: number | undefined };

/** What an entry takes in a chunk: its UTF-8, and its quotes and comma. */
const storedBytes = (entry: string): number => Buffer.byteLength(entry) + 3;

/** UTF-8 takes at most three bytes for a code unit. */
const maxTextChars = Math.floor((maxChunkBytes - 3) / 3);

/** A text in pieces that each fit a chunk; an answer that was not streamed is a single delta. */
const fittingPieces = (text: string): readonly string[] => {
  if (storedBytes(text) <= maxChunkBytes) return [text];
  const pieces: string[] = [];
  for (let from = 0; from < text.length; from += maxTextChars) {
    pieces.push(text.slice(from, from + maxTextChars));
  }
  return pieces;
};

/** How many of the entries, at least one, fit a chunk together. */
const fittingCount = (pending: readonly Pending[]): number => {
  let bytes = 0;
  for (const [index, { entry }] of pending.entries()) {
    bytes += storedBytes(entry);
    if (bytes > maxChunkBytes) return Math.max(1, index);
  }
  return pending.length;
};

/** An empty transcript that goes on after the job's last sequence number. */
export const beginTranscript = (
  deps: Pick<Deps, 'content' | 'clock'>,
  lease: Lease,
  listener: Listener | undefined,
): Transcript => {
  const { id, api, attempt, resultExpiresAtMs } = lease.job;
  const pending: Pending[] = [];
  let begun = false;
  let pendingBytes = 0;
  let next = lease.job.seq + 1;
  let lastCheckpointAtMs = deps.clock.nowMs();
  /** A chunk whose write is not certain, or came too late: written again, byte for byte, before others. */
  let frozen: Sealed | undefined;

  const seal = (): Sealed => {
    const sealed = pending.splice(0, fittingCount(pending));
    const deltas = sealed.map(({ entry }) => entry);
    const chunk = { attempt, first: next, deltas };
    next += deltas.length;
    for (const entry of deltas) pendingBytes -= storedBytes(entry);
    const last = sealed.findLast(({ upstreamSeq }) => upstreamSeq !== undefined);
    return { chunk, upstreamSeq: last?.upstreamSeq ?? lease.job.upstreamSeq };
  };

  const put = async (sealed: Sealed): Promise<void> => {
    frozen = sealed;
    await persist(deps, () => deps.content.putChunk(id, sealed.chunk, resultExpiresAtMs));
  };

  const positionIn = ({ segments }: Job, { chunk, upstreamSeq }: Sealed): Position => {
    const seq = chunk.first + chunk.deltas.length - 1;
    return { segments: extendSegments(segments, attempt, seq), seq, upstreamSeq };
  };

  const write = async (sealed: Sealed): Promise<boolean> => {
    await put(sealed);
    const held = await lease.write((job, nowMs) => checkpoint(job, positionIn(job, sealed), nowMs));
    if (held) frozen = undefined;
    return held;
  };

  return {
    get begun() {
      return begun;
    },
    get pendingBytes() {
      return pendingBytes;
    },
    get lastCheckpointAtMs() {
      return lastCheckpointAtMs;
    },
    append: (entries, upstreamSeq) => {
      // Texts may be cut anywhere, events may not.
      const pieces = api === 'generate' ? entries.flatMap(fittingPieces) : entries;
      for (const [index, entry] of pieces.entries()) {
        listener?.(next + pending.length, entry);
        const isLast = index === pieces.length - 1;
        pending.push({ entry, upstreamSeq: isLast ? upstreamSeq : undefined });
        pendingBytes += storedBytes(entry);
        begun = true;
      }
    },
    pending: () => frozen?.chunk ?? (pending.length > 0 ? seal().chunk : undefined),
    checkpoint: async () => {
      lastCheckpointAtMs = deps.clock.nowMs();
      const end = next + pending.length;
      if (frozen !== undefined && !(await write(frozen))) return false;
      while (next < end) if (!(await write(seal()))) return false;
      return true;
    },
    store: async () => {
      if (frozen !== undefined && !(await write(frozen))) return undefined;
      while (pending.length > 0) {
        const sealed = seal();
        if (pending.length === 0) {
          await put(sealed);
          return positionIn(lease.job, sealed);
        }
        if (!(await write(sealed))) return undefined;
      }
      return {};
    },
  };
};
