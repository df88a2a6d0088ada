import { liveJob } from '../generation/live.ts';
import { acceptSubmission, type Submission, type SubmitDeps } from '../generation/submit.ts';
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

/**
 * A plain `stream: true` request: its output as it comes. A generation that fails before it has put
 * out anything is answered with the failure's own status. Throws as `acceptSubmission` does.
 */
export const answerLive = async (
  deps: SubmitDeps,
  submission: Submission,
  frames: Framer,
  locate: (id: string) => string,
  functionSignal: AbortSignal,
): Promise<HttpReply> => {
  const accepted = await acceptSubmission(deps, { ...submission, live: true });
  const live = liveJob(deps, accepted, functionSignal);
  const { first, items } = await peek(deps.clock, live, firstOutputMs);
  const { unstored } = submission;
  if (first?.kind === 'ended') {
    const failure = failureReply(first.job, locate(accepted.job.id), undefined);
    if (failure !== undefined) {
      if (unstored) await forgetUnstored(deps, first.job);
      return failure;
    }
  }
  const told = unstored ? forgettingUnstored(deps, items) : items;
  return {
    status: 200,
    headers: streamHeaders,
    events: eventStream(deps.clock, told, frames, first === undefined),
  };
};
