import { isEnded } from '../job/job.ts';
import type { Deps } from '../ports.ts';
import { readDeliveryMessage } from '../wire/delivery-message.ts';
import { left, unlessUnreadable } from './left.ts';
import type { Verdict } from './redrive.ts';

type JudgeDeps = Pick<Deps, 'jobs' | 'deliveries' | 'deliveryQueue'>;
type Message = Extract<ReturnType<typeof readDeliveryMessage>, { kind: 'message' }>['message'];

/** A message that has all of a job's targets put on record: it has work while the job owes that. */
const judgeOwed = async (deps: JudgeDeps, message: Message): Promise<Verdict> => {
  const { jobId, deliveryNo } = message;
  const job = await deps.jobs.load(jobId, 'strong');
  if (job === undefined) return { kind: 'spent', what: 'its job is gone', jobId };
  if (!isEnded(job) || !job.owed || job.deliveryNo !== deliveryNo) {
    return { kind: 'spent', what: 'its job owes no callback', jobId };
  }
  return {
    kind: 'live',
    what: 'its job owes callbacks',
    jobId,
    send: () => deps.deliveryQueue.send({ v: 1, jobId, deliveryNo }, job.tenant, 0),
  };
};

/** A message for one target: it has work while that delivery is pending. */
const judgeDelivery = async (
  deps: JudgeDeps,
  { jobId, deliveryNo }: Message,
  target: string,
): Promise<Verdict> => {
  const delivery = await deps.deliveries.load({ jobId, deliveryNo, target });
  if (delivery === undefined) return { kind: 'spent', what: 'its delivery is gone', jobId };
  const { state, tenant } = delivery;
  const what = `its delivery is ${state}`;
  return state === 'pending'
    ? {
        kind: 'live',
        what,
        jobId,
        send: () => deps.deliveryQueue.send({ v: 1, jobId, deliveryNo, target }, tenant, 0),
      }
    : { kind: 'spent', what, jobId };
};

/** What is to become of a dead message of the deliveries queue. Throws Fault `store_unavailable`. */
export const judgeDeliveryMessage = async (deps: JudgeDeps, body: string): Promise<Verdict> => {
  const read = readDeliveryMessage(body);
  if (read.kind !== 'message') return left(read.why);
  const { message } = read;
  const { jobId, target } = message;
  return unlessUnreadable(jobId, () =>
    target === undefined ? judgeOwed(deps, message) : judgeDelivery(deps, message, target),
  );
};
