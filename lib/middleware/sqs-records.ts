import type { MiddlewareObj } from '@middy/core';
import type { Context, SQSBatchResponse } from 'aws-lambda';
import * as z from 'zod/mini';
import { assertNever, Fault } from '../errors.ts';
import type { Visibility } from '../ports/queues.ts';
import type { Log } from '../ports/system.ts';

/** What is to become of a record's message. */
export type Disposition =
  | { readonly kind: 'acknowledge' }
  | { readonly kind: 'redeliver'; readonly afterMs: number }
  /** Left to the queue's dead-letter policy; `why` is logged. */
  | { readonly kind: 'unreadable'; readonly why: string };

const recordSchema = z.object({
  messageId: z.string(),
  receiptHandle: z.string(),
  body: z.string(),
  attributes: z.object({
    ApproximateReceiveCount: z.string(),
    MessageGroupId: z.optional(z.string()),
  }),
});
const eventSchema = z.object({ Records: z.array(recordSchema) });

export type JobRecord = {
  readonly messageId: string;
  readonly receiptHandle: string;
  readonly body: string;
  /** How often SQS has handed the message out, this time included. */
  readonly receiveCount: number;
  readonly tenant: string | undefined;
};

/** What became of one record. */
export type RecordOutcome = { readonly messageId: string; readonly acknowledged: boolean };

export type RecordBatch = {
  /**
   * Runs `handle` for all records at once. Never rejects: a record whose handling throws, or takes
   * longer than the function may run, is redelivered, and its neighbours are not touched.
   */
  each(handle: (record: JobRecord) => Promise<Disposition>): Promise<readonly RecordOutcome[]>;
};

export type SqsRecordsOptions = {
  readonly visibility: Visibility;
  readonly log: Log;
  /** How long to wait after so many failures, with `random` in [0, 1) as the jitter. */
  readonly backoffMs: (failures: number, random: number) => number;
  readonly random?: () => number;
};

/** Kept free at the function's end to report the batch. */
const reportMs = 2_000;
const minVisibilityMs = 1_000;
/**
 * SQS refuses what adds up to more than 12 hours from the receive on (ChangeMessageVisibility; read
 * 2026-11), and the function may have run for 15 minutes.
 */
const maxVisibilityMs = 11.75 * 60 * 60_000;

const readRecord = ({ attributes, ...record }: z.infer<typeof recordSchema>): JobRecord => ({
  messageId: record.messageId,
  receiptHandle: record.receiptHandle,
  body: record.body,
  receiveCount: Number(attributes.ApproximateReceiveCount) || 1,
  tenant: attributes.MessageGroupId,
});

const askedMs = (error: unknown): number =>
  error instanceof Fault && error.retry.kind !== 'never' ? error.retry.afterMs : 0;

/** Rejects when the function has just the time left to report the batch. */
const lastCall = (context: Context): { readonly promise: Promise<never>; end(): void } => {
  const { promise, reject } = Promise.withResolvers<never>();
  const overrun = (): void =>
    reject(new Error('The function ended before the record was handled.'));
  const timer = setTimeout(overrun, Math.max(0, context.getRemainingTimeInMillis() - reportMs));
  return { promise, end: () => clearTimeout(timer) };
};

/**
 * Turns a queue's event into a RecordBatch, and the outcomes of its records into `batchItemFailures`.
 * A message to be redelivered is made visible again for its time as soon as its record has ended, not
 * when the slowest of the batch has. Each record's failure is logged once.
 */
export const sqsRecords = ({
  visibility,
  log,
  backoffMs,
  random = Math.random,
}: SqsRecordsOptions): MiddlewareObj<
  RecordBatch,
  readonly RecordOutcome[] | SQSBatchResponse,
  Error,
  Context
> => {
  const changeVisibility = async (record: JobRecord, afterMs: number): Promise<void> => {
    const { messageId, receiptHandle } = record;
    const clampedMs = Math.min(maxVisibilityMs, Math.max(minVisibilityMs, afterMs));
    try {
      await visibility.change(receiptHandle, clampedMs);
    } catch (error) {
      log.warn('message.unmoved', { messageId, afterMs: clampedMs, error });
    }
  };

  const dispose = async (record: JobRecord, disposition: Disposition): Promise<boolean> => {
    switch (disposition.kind) {
      case 'acknowledge':
        return true;
      case 'redeliver':
        await changeVisibility(record, disposition.afterMs);
        return false;
      case 'unreadable': {
        const { messageId, receiveCount } = record;
        log.warn('message.refused', { messageId, receiveCount, why: disposition.why });
        await changeVisibility(record, minVisibilityMs);
        return false;
      }
      default:
        return assertNever(disposition);
    }
  };

  const redelivery = ({ messageId, receiveCount }: JobRecord, error: unknown): Disposition => {
    const afterMs = Math.max(backoffMs(receiveCount, random()), askedMs(error));
    log.error('message.failed', { messageId, receiveCount, afterMs, error });
    return { kind: 'redeliver', afterMs };
  };

  const settle = async (
    record: JobRecord,
    handle: (record: JobRecord) => Promise<Disposition>,
    overrun: Promise<never>,
  ): Promise<RecordOutcome> => {
    const { messageId } = record;
    let disposition: Disposition;
    try {
      disposition = await Promise.race([handle(record), overrun]);
    } catch (error) {
      disposition = redelivery(record, error);
    }
    return { messageId, acknowledged: await dispose(record, disposition) };
  };

  return {
    before: (request) => {
      const records = eventSchema.parse(request.event).Records.map(readRecord);
      request.event = {
        each: async (handle) => {
          const overrun = lastCall(request.context);
          try {
            return await Promise.all(
              records.map((record) => settle(record, handle, overrun.promise)),
            );
          } finally {
            overrun.end();
          }
        },
      };
    },
    after: (request) => {
      const { response } = request;
      if (response == null || 'batchItemFailures' in response) return;
      const failed = response.filter(({ acknowledged }) => !acknowledged);
      request.response = {
        batchItemFailures: failed.map(({ messageId }) => ({ itemIdentifier: messageId })),
      };
    },
  };
};
