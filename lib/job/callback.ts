import { deliveryResendMs } from '../limits.ts';
import type { EndedJob, Job } from './job.ts';
import { restDue, sameOwed } from './rest.ts';
import { after, type EpochMs, earlier } from './time.ts';
import type { Clause, JobChanges, JobWrite } from './write.ts';

/** Whether anybody may have to be told of the job's end. */
export const mayOwe = ({ callback, notify }: Pick<Job, 'callback' | 'notify'>): boolean =>
  callback !== undefined || notify === true;

/**
 * What the write that ends a job says of its callbacks: that they are owed is known from then on,
 * whatever becomes of whoever ended it.
 */
export const owing = (
  job: Pick<Job, 'callback' | 'notify'>,
): { readonly owed?: true; readonly deliveryNo?: number } =>
  mayOwe(job) ? { owed: true, deliveryNo: 1 } : {};

const seenOwed = (job: EndedJob): readonly Clause[] => [
  { field: 'status', is: job.status },
  { field: 'owed', is: true },
  { field: 'deliveryNo', is: job.deliveryNo ?? 0 },
  { field: 'deletedAtMs', absent: true },
  job.stopOwed ? { field: 'stopOwed', is: true } : { field: 'stopOwed', absent: true },
];

/** Each target has its delivery on record: the job itself owes nothing more. */
export const told = (job: EndedJob): JobWrite => {
  const { set, clear } = restDue({ ...job, owed: undefined }, job.endedAtMs);
  return { name: 'told', id: job.id, when: seenOwed(job), set, clear: [...clear, 'owed'] };
};

/** The message that was to bring it about is sent again, and missed again no sooner than this. */
export const remind = (job: EndedJob, nowMs: EpochMs): JobWrite => ({
  name: 'remind',
  id: job.id,
  when: [...seenOwed(job), { field: 'dueAtMs', is: job.dueAtMs ?? 0 }],
  set: { dueAtMs: after(nowMs, deliveryResendMs) },
  clear: [],
});

/** All targets are told once more, under another webhook-id. */
export const tellAgain = (job: EndedJob, nowMs: EpochMs): JobWrite => {
  const dueAtMs = after(nowMs, deliveryResendMs);
  const set: JobChanges = {
    owed: true,
    deliveryNo: (job.deliveryNo ?? 0) + 1,
    dueAtMs: job.stopOwed ? earlier(job.dueAtMs ?? dueAtMs, dueAtMs) : dueAtMs,
  };
  return {
    name: 'tell-again',
    id: job.id,
    when: [
      { field: 'status', is: job.status },
      sameOwed(job),
      job.deliveryNo === undefined
        ? { field: 'deliveryNo', absent: true }
        : { field: 'deliveryNo', is: job.deliveryNo },
      { field: 'deletedAtMs', absent: true },
    ],
    set,
    clear: [],
  };
};
