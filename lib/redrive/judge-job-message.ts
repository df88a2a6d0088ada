import { Fault } from '../errors.ts';
import { isEnded, type Job } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { readJobMessage } from '../wire/job-message.ts';
import type { Verdict } from './redrive.ts';

const left = (what: string, jobId?: string): Verdict => ({ kind: 'left', what, jobId });

/** What is wrong with a job that cannot be loaded; other faults are thrown on. */
const unloaded = (jobId: string, thrown: unknown): Verdict => {
  if (!(thrown instanceof Fault)) throw thrown;
  if (thrown.code === 'item_newer') return left('its job is of a later version', jobId);
  if (thrown.code === 'item_unreadable') return left(thrown.message, jobId);
  throw thrown;
};

/** What is to become of a dead message of the jobs queue. Throws Fault `store_unavailable`. */
export const judgeJobMessage = async (
  deps: Pick<Deps, 'jobs' | 'queue'>,
  body: string,
): Promise<Verdict> => {
  const read = readJobMessage(body);
  if (read.kind !== 'message') return left(read.why);
  const { jobId } = read.message;
  let job: Job | undefined;
  try {
    job = await deps.jobs.load(jobId, 'strong');
  } catch (thrown) {
    return unloaded(jobId, thrown);
  }
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
