import type { Job } from '../job/job.ts';
import type { StreamItem } from './follow.ts';
import { runInline } from './run-inline.ts';
import { followOrStandIn } from './stand-in.ts';
import type { Accepted, SubmitDeps } from './submit.ts';

/** Pieces of output on their way from the attempt to its reader. */
const channel = () => {
  const items: { seq: number; entry: string }[] = [];
  let wake = Promise.withResolvers<void>();
  return {
    put: (seq: number, entry: string): void => {
      items.push({ seq, entry });
      wake.resolve();
    },
    take: (): { seq: number; entry: string }[] => items.splice(0),
    /** Resolves when something was put after the last call. */
    filled: (): Promise<void> => wake.promise,
    rearm: (): void => {
      wake = Promise.withResolvers<void>();
    },
  };
};

/**
 * The inline attempt of a job as a stream: each piece at once, before it is stored. When the attempt
 * does not end the job, what follows comes from the table, as for any other reader.
 */
export async function* liveJob(
  deps: SubmitDeps,
  accepted: Accepted,
  functionSignal: AbortSignal,
): AsyncGenerator<StreamItem> {
  const pieces = channel();
  const attempt = runInline(deps, accepted, { functionSignal, listener: pieces.put });
  const done: Promise<{ readonly job: Job | undefined }> = attempt.then((job) => ({ job }));
  let afterSeq = 0;
  for (;;) {
    pieces.rearm();
    const taken = pieces.take();
    for (const item of taken) {
      afterSeq = item.seq;
      yield { kind: 'entry', ...item };
    }
    if (taken.length > 0) continue;
    const outcome = await Promise.race([done, pieces.filled()]);
    if (outcome === undefined) continue;
    for (const item of pieces.take()) {
      afterSeq = item.seq;
      yield { kind: 'entry', ...item };
    }
    if (outcome.job !== undefined && outcome.job.status !== 'queued') {
      yield { kind: 'ended', job: outcome.job };
      return;
    }
    break;
  }
  const shownAttempt = afterSeq === 0 ? undefined : accepted.job.attempt;
  yield* followOrStandIn(deps, accepted.job.id, { afterSeq, shownAttempt }, functionSignal);
}
