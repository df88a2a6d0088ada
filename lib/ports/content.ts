import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';

/** Consecutive text deltas of one attempt; the first has sequence number `first`, and so on. */
export type TranscriptChunk = {
  readonly attempt: number;
  readonly first: number;
  readonly deltas: readonly string[];
};

/** Requests, transcripts and final objects: everything that holds a prompt or an output. */
export interface ContentStore {
  /**
   * Returns how many chunks it took. When it throws, what was written is dropped again as far as
   * possible.
   */
  putRequest(
    jobId: string,
    upload: string,
    request: unknown,
    expiresAtMs: EpochMs,
  ): Promise<number>;
  /** Throws Fault `item_unreadable` when a chunk is missing. */
  getRequest(job: Job): Promise<unknown>;
  dropRequest(jobId: string, upload: string, chunks: number): Promise<void>;
  putChunk(jobId: string, chunk: TranscriptChunk, expiresAtMs: EpochMs): Promise<void>;
  /** The chunks of the job's segments in order, read strongly; may hold fewer than `job.seq` says. */
  readChunks(job: Job): Promise<readonly TranscriptChunk[]>;
  /** Returns how many chunks it took. */
  putFinal(jobId: string, attempt: number, final: unknown, expiresAtMs: EpochMs): Promise<number>;
  /** Deletes all of a job's content; of what is put meanwhile some may stay. */
  purge(jobId: string): Promise<void>;
  getFinal(
    jobId: string,
    final: { readonly attempt: number; readonly chunks: number },
  ): Promise<unknown>;
}
