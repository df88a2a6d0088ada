import { acceptOrAttach } from '../generation/accept-or-attach.ts';
import { answerGone } from '../generation/answer-gone.ts';
import type { StreamItem } from '../generation/follow.ts';
import { liveJob } from '../generation/live.ts';
import type { Submission, SubmitDeps } from '../generation/submit.ts';
import type { Job } from '../job/job.ts';
import { firstOutputMs } from '../limits.ts';
import type { HttpReply } from '../wire/http.ts';
import { failureReply } from '../wire/job-reply.ts';
import { eventStream, type Framer, peek } from './event-stream.ts';
import { forgettingUnstored, forgetUnstored } from './forget-unstored.ts';

/** How events are sent; proxies that know the last header do not hold them back. */
export const streamHeaders = {
  'content-type': 'text/event-stream; charset=utf-8',
  'x-accel-buffering': 'no',
};

/** How a stream looks in its API. */
type StreamShape = {
  readonly frames: Framer;
  /** The output of a job that another request began, from the first piece on. */
  readonly replay: (job: Job, signal: AbortSignal) => AsyncGenerator<StreamItem>;
  /** Where a job that failed can be read. */
  readonly locate: (id: string) => string;
};

/**
 * A plain `stream: true` request: its output as it comes, or as it came. A generation that fails before
 * it has put out anything is answered with the failure's own status. Throws as `acceptOrAttach` does.
 */
export const answerLive = async (
  deps: SubmitDeps,
  submission: Submission,
  { frames, replay, locate }: StreamShape,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const accepted = await acceptOrAttach(deps, { ...submission, live: true });
  const { kind, job } = accepted;
  const output =
    kind === 'attached' ? replay(job, functionSignal) : liveJob(deps, accepted, functionSignal);
  const { first, items } = await peek(deps.clock, output, firstOutputMs);
  const { unstored } = submission;
  if (first?.kind === 'ended') {
    const failure = failureReply(first.job, locate(job.id), undefined);
    if (failure !== undefined) {
      if (unstored) await forgetUnstored(deps, first.job);
      return failure;
    }
  }
  if (first?.kind === 'deleted' && kind === 'attached') throw answerGone(job);
  const told = unstored ? forgettingUnstored(deps, items) : items;
  return {
    status: 200,
    headers: streamHeaders,
    events: eventStream(deps.clock, told, frames, first === undefined),
  };
};
