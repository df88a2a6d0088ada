import { isEnded } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { readJobMessage } from '../wire/job-message.ts';
import { left, unlessUnreadable } from './left.ts';
import type { Verdict } from './redrive.ts';

type JudgeDeps = Pick<Deps, 'jobs' | 'queue'>;

const judgeJob = async (deps: JudgeDeps, jobId: string): Promise<Verdict> => {
  const job = await deps.jobs.load(jobId, 'strong');
  if (job === undefined) return { kind: 'spent', what: 'its job is gone', jobId };
  if (isEnded(job)) return { kind: 'spent', what: `its job is ${job.status}`, jobId };
  const { epoch, tenant, status } = job;
  return {
    kind: 'live',
    what: `its job is ${status}`,
    jobId,
    send: () => deps.queue.send({ v: 1, jobId, epoch }, tenant, 0),
  };
};

/** What is to become of a dead message of the jobs queue. Throws Fault `store_unavailable`. */
export const judgeJobMessage = async (deps: JudgeDeps, body: string): Promise<Verdict> => {
  const read = readJobMessage(body);
  if (read.kind !== 'message') return left(read.why);
  const { jobId } = read.message;
  return unlessUnreadable(jobId, () => judgeJob(deps, jobId));
};
