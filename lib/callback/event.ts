import type { EndedJob } from '../job/job.ts';
import { type EpochMs, type EpochSeconds, toEpochSeconds } from '../job/time.ts';
import { maxCallbackBodyBytes } from '../limits.ts';

/** The events of a job's end, in the names of OpenAI's webhooks. */
export const callbackEventTypes = [
  'response.completed',
  'response.failed',
  'response.cancelled',
  'response.incomplete',
] as const satisfies readonly `response.${EndedJob['status']}`[];
export type CallbackEventType = (typeof callbackEventTypes)[number];

/** The envelope of OpenAI's webhooks; `result_url` and what follows it are ours. */
export type CallbackEvent = {
  readonly id: string;
  readonly object: 'event';
  readonly type: CallbackEventType;
  /** When the job ended, whatever the time of the delivery. */
  readonly created_at: EpochSeconds;
  readonly data: {
    readonly id: string;
    readonly result_url: string;
    /** Null when it would have made the body too large; the result has it. */
    readonly metadata: Readonly<Record<string, string>> | null;
    readonly metadata_omitted?: true;
  };
};

export type Ended = {
  readonly jobId: string;
  readonly status: EndedJob['status'];
  readonly endedAtMs: EpochMs;
  readonly resultUrl: string;
  readonly metadata: Readonly<Record<string, string>> | undefined;
};

/** The 128 bits of a job's id, without the prefix that names its API. */
const bare = (jobId: string): string => jobId.slice(jobId.indexOf('_') + 1);

/**
 * The webhook-id: the same on every attempt of a delivery, so that a receiver can tell repeats, and
 * another one for a redelivery that its owner asked for, which is to be processed again.
 */
export const callbackId = (jobId: string, deliveryNo: number): string =>
  `wh_${bare(jobId)}_${deliveryNo}`;

const callbackEvent = (ended: Ended): CallbackEvent => ({
  id: `evt_${bare(ended.jobId)}`,
  object: 'event',
  type: `response.${ended.status}`,
  created_at: toEpochSeconds(ended.endedAtMs),
  data: { id: ended.jobId, result_url: ended.resultUrl, metadata: ended.metadata ?? {} },
});

/**
 * The event as the JSON to be signed and sent, at most `maxCallbackBodyBytes` of it. Metadata within
 * its own limits can take 55 kB as JSON: 16 pairs of 576 characters, six bytes to each that is escaped. What
 * does not fit is left out whole and said to be, since a part of a client's labels could be taken for all.
 */
export const callbackBody = (ended: Ended): string => {
  const event = callbackEvent(ended);
  const body = JSON.stringify(event);
  if (Buffer.byteLength(body) <= maxCallbackBodyBytes) return body;
  const data = { ...event.data, metadata: null, metadata_omitted: true } as const;
  return JSON.stringify({ ...event, data } satisfies CallbackEvent);
};
