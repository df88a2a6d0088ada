import { type EndedJob, isEnded, type Job } from '../job/job.ts';
import { after, type EpochMs } from '../job/time.ts';
import { followPauseMs, leaveMs } from '../limits.ts';
import type { TranscriptChunk } from '../ports/content.ts';
import type { Deps } from '../ports.ts';
import { markRead } from './mark-read.ts';

export type FollowDeps = Pick<Deps, 'jobs' | 'content' | 'queue' | 'clock' | 'log'>;

/** What a reader of a job's stream is told, in order. */
export type StreamItem =
  | { readonly kind: 'entry'; readonly seq: number; readonly entry: string }
  /** What was shown counts no more: another attempt began anew. */
  | { readonly kind: 'restarted' }
  /** The function has to end; the reader may resume from any other. */
  | { readonly kind: 'interrupted' }
  | { readonly kind: 'deleted' }
  | { readonly kind: 'ended'; readonly job: Job };

/**
 * The entries of the chunks with numbers after `seq`, in order, as far as there is no gap, as there is
 * one while the chunks are being purged. What a reader is shown first may have any number: after a
 * restart they go on from those of the attempt before.
 */
const entriesAfter = (
  chunks: readonly TranscriptChunk[],
  seq: number,
  isFirst: boolean,
): readonly { readonly seq: number; readonly entry: string }[] => {
  const entries = chunks
    .flatMap((chunk) => chunk.deltas.map((entry, index) => ({ seq: chunk.first + index, entry })))
    .filter((item) => item.seq > seq)
    .sort((a, b) => a.seq - b.seq);
  const first = isFirst ? (entries[0]?.seq ?? 0) : seq + 1;
  const gap = entries.findIndex((item, index) => item.seq !== first + index);
  return gap === -1 ? entries : entries.slice(0, gap);
};

/**
 * Whether the output that was shown before still counts. Of the attempt that is the job's last it
 * does, stored or not: the job may have been ended before anything was.
 */
const stillCounts = (job: Job, shownAttempt: number | undefined): boolean =>
  shownAttempt === undefined ||
  job.attempt === shownAttempt ||
  job.segments.some(({ attempt }) => attempt === shownAttempt);

/** The part of the job's segments that holds anything after `seq`, so that no more is read. */
const unread = (job: Job, seq: number): Job => ({
  ...job,
  segments: job.segments.filter(({ upTo }) => upTo > seq),
});

/** A cancelled attempt leaves its last output within a moment; a reader is told of the end after it. */
const mayLeaveMore = (job: EndedJob, nowMs: EpochMs): boolean =>
  job.status === 'cancelled' &&
  job.leaseExpiresAtMs > nowMs &&
  nowMs < after(job.endedAtMs, leaveMs);

/**
 * A job's output from the table: all that is stored after the sequence number `afterSeq`, then what
 * comes, until the job has ended. `shownAttempt` is the attempt whose output was shown before that;
 * `saw` is told of the job at each look.
 */
export async function* followJob(
  deps: FollowDeps,
  id: string,
  from: { readonly afterSeq: number; readonly shownAttempt?: number | undefined },
  signal: AbortSignal,
  saw: (job: Job) => void = () => undefined,
): AsyncGenerator<StreamItem> {
  let seq = from.afterSeq;
  let { shownAttempt } = from;
  while (!signal.aborted) {
    const job = await deps.jobs.load(id, 'strong');
    if (job === undefined || (isEnded(job) && job.deletedAtMs !== undefined)) {
      yield { kind: 'deleted' };
      return;
    }
    if (!stillCounts(job, shownAttempt)) {
      yield { kind: 'restarted' };
      return;
    }
    if (job.seq > seq) {
      const chunks = await deps.content.readChunks(unread(job, seq));
      for (const item of entriesAfter(chunks, seq, shownAttempt === undefined)) {
        seq = item.seq;
        shownAttempt = job.segments.find(({ upTo }) => upTo >= item.seq)?.attempt ?? shownAttempt;
        yield { kind: 'entry', ...item };
      }
    }
    if (isEnded(job) && !mayLeaveMore(job, deps.clock.nowMs())) {
      yield { kind: 'ended', job };
      return;
    }
    saw(job);
    await markRead(deps, job, { kind: 'stream' });
    await deps.clock.sleep(followPauseMs, signal).catch(() => undefined);
  }
  yield { kind: 'interrupted' };
}
