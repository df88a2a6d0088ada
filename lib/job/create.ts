import { resendFirstMs } from '../limits.ts';
import type { Admission } from './admit.ts';
import type { LiveJob } from './job.ts';
import { after, type EpochMs, earlier, epochMs } from './time.ts';
import { leasedFrom } from './transition.ts';
import { turnKey } from './turn-key.ts';

export type NewJob = Pick<
  LiveJob,
  | 'id'
  | 'api'
  | 'tenant'
  | 'model'
  | 'metadata'
  | 'resultBaseUrl'
  | 'upload'
  | 'requestChunks'
  | 'inputTokens'
  | 'background'
  | 'live'
  | 'unstored'
  | 'previousResponseId'
  | 'callback'
  | 'notify'
  | 'idempotency'
  | 'retryOf'
  | 'choice'
  | 'awaitedUntilMs'
> & {
  readonly admission: Admission;
  /** Of its choice. */
  readonly upstream: string;
  readonly upstreamModel: string;
  readonly nowMs: EpochMs;
  readonly deadlineMs: number;
  readonly resultTtlMs: number;
};

/** The first record of a job: queued with its message still to be sent, or leased by its creator. */
export const createJob = (from: NewJob): LiveJob => {
  const { admission, upstream, upstreamModel, nowMs, deadlineMs, resultTtlMs, ...given } = from;
  const deadlineAtMs = after(nowMs, deadlineMs);
  const inline = admission.decision === 'inline';
  return {
    v: 1,
    ...given,
    admission,
    status: inline ? 'in_progress' : 'queued',
    createdAtMs: nowMs,
    deadlineAtMs,
    resultExpiresAtMs: after(deadlineAtMs, resultTtlMs),
    attempt: inline ? 1 : 0,
    strikes: inline ? 1 : 0,
    owner: given.upload,
    writeNo: 0,
    epoch: inline ? 0 : 1,
    notBeforeMs: epochMs(0),
    segments: [],
    seq: 0,
    ledger: inline
      ? [
          {
            attempt: 1,
            via: 'inline',
            upstream,
            model: upstreamModel,
            startedAtMs: nowMs,
            fromSeq: 0,
          },
        ]
      : [],
    ...(inline
      ? leasedFrom({ deadlineAtMs }, nowMs)
      : {
          leaseExpiresAtMs: epochMs(0),
          dueAtMs: earlier(after(nowMs, resendFirstMs), deadlineAtMs),
        }),
  };
};

/** As `createJob` leaves it, but for a tenant whose slots are all taken: no message is sent yet. */
export const waitingFromTheStart = (job: LiveJob): LiveJob => ({
  ...job,
  turn: turnKey(job.tenant, 'waiting'),
  waitingFor: 'tenant_limit',
  dueAtMs: job.deadlineAtMs,
});

/** The condition under which a job that its creator has done nothing with yet may be taken back. */
export const withdrawal = (job: LiveJob) => ({
  name: 'withdraw',
  id: job.id,
  when: [
    { field: 'status', is: job.status },
    { field: 'attempt', is: job.attempt },
    { field: 'owner', is: job.owner },
    { field: 'writeNo', is: 0 },
  ] as const,
  set: {},
  clear: [],
});
