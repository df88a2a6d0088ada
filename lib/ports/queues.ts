import type { EpochMs } from '../job/time.ts';

/** A hint that a job wants a worker; the item is the truth. */
export type JobMessage = { readonly v: 1; readonly jobId: string; readonly epoch: number };

/** Methods throw Fault `queue_unavailable`. */
export interface Queue {
  /** `delayMs` up to 15 minutes, rounded up to whole seconds. `tenant` is the message group. */
  send(message: JobMessage, tenant: string, delayMs: number): Promise<void>;
}

/** A hint that a job's end is to be told: to everybody, or to one target. */
export type DeliveryMessage = {
  readonly v: 1;
  readonly jobId: string;
  readonly deliveryNo: number;
  readonly target?: string | undefined;
};

/** Methods throw Fault `queue_unavailable`. */
export interface DeliveryQueue {
  /** As `Queue.send`. */
  send(message: DeliveryMessage, tenant: string, delayMs: number): Promise<void>;
}

/** A message that its queue has given up. */
export type DeadLetter = {
  readonly messageId: string;
  readonly receipt: string;
  readonly body: string;
  readonly sentAtMs: EpochMs;
};

/** A dead-letter queue. Methods throw Fault `queue_unavailable`. */
export interface DeadLetters {
  /** Up to ten that nobody has taken, which are the caller's for ten minutes; none: that is all. */
  take(): Promise<readonly DeadLetter[]>;
  remove(letter: DeadLetter): Promise<void>;
  /** Lets others take it again. */
  release(letter: DeadLetter): Promise<void>;
}

/** The delivered message's own receipt: how long until SQS shows it again (1 s to 12 h). */
export interface Visibility {
  change(receiptHandle: string, afterMs: number): Promise<void>;
}
