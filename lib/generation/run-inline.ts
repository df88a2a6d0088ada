import type { Job } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { run } from './run.ts';
import { sendAgain } from './send-again.ts';
import type { Accepted, SubmitDeps } from './submit.ts';
import type { Listener } from './transcript.ts';

type InlineBudget = {
  readonly functionSignal: AbortSignal;
  readonly waitUntilMs?: EpochMs;
  readonly listener?: Listener;
};

/** The inline attempt: the job as it left it, or undefined when only the item can tell. */
export const runInline = async (
  deps: SubmitDeps,
  { job, task }: Accepted,
  budget: InlineBudget,
): Promise<Job | undefined> => {
  try {
    const outcome = await run(deps, job, task, { via: 'inline', ...budget });
    if (outcome.kind === 'superseded') return undefined;
    if (outcome.kind === 'promoted') await sendAgain(deps, outcome.job, 0);
    if (outcome.kind === 'requeued') await sendAgain(deps, outcome.job, outcome.afterMs);
    return outcome.kind === 'requeued' ? undefined : outcome.job;
  } catch (error) {
    deps.log.error('attempt.abandoned', { jobId: job.id, error });
    return undefined;
  }
};
