import { setTimeout as delay } from 'node:timers/promises';
import {
  DeleteMessageBatchCommand,
  type Message,
  ReceiveMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import type { SQSEvent } from 'aws-lambda';
import type { Invocation } from '../lambda/invocation.ts';
import { readBatchOutcome } from './batch-outcome.ts';
import { createSlots } from './slots.ts';
import { toSqsRecord } from './sqs-record.ts';

/** One event source mapping of the template. */
export type SqsEventSource = {
  queueUrl: string;
  queueArn: string;
  sqs: SQSClient;
  invoke: (event: SQSEvent) => Promise<Invocation>;
  /** Messages an invocation gets at most; more than 10 take a batching window. */
  batchSize: number;
  batchingWindowSeconds?: number;
  /** Invocations at once; while all are taken nothing is received. */
  maximumConcurrency?: number;
  reportBatchItemFailures: boolean;
  /** The queue's; a throttled batch is given up when its messages are about to reappear. */
  visibilityTimeoutSeconds?: number;
  onLog?: (line: string) => void;
};

// SQS's longest wait, and the most it hands out at once.
const longPollSeconds = 20;
const receiveLimit = 10;
// What Lambda starts with on a standard queue; it scales on from there, which one machine need not.
const defaultConcurrency = 5;
const faultPauseMs = 1_000;
const deleteTries = 3;

/**
 * Polls a queue and invokes a function with what it receives, as Lambda's event source does:
 * messages of a batch that succeeded are deleted, those that failed are left to their visibility
 * time-out, and with them the redrive policy. A throttled batch is tried again until it is taken, or
 * its visibility runs out.
 *
 * `stop` ends the polling and no invocation; what those still running succeeded with is deleted.
 */
export function startSqsEventSource(source: SqsEventSource): { stop(): Promise<void> } {
  const stopping = new AbortController();
  const { signal } = stopping;
  const slots = createSlots(source.maximumConcurrency ?? defaultConcurrency);
  const log = source.onLog ?? (() => undefined);

  const poll = async () => {
    while (!signal.aborted) {
      await slots.acquire();
      const messages = await receiveBatch(source, signal).catch(async (error: unknown) => {
        if (signal.aborted) return [];
        log(`messages cannot be received: ${String(error)}`);
        await delay(faultPauseMs, undefined, { signal }).catch(() => undefined);
        return [];
      });
      if (messages.length === 0) slots.release();
      else {
        void handleBatch(source, messages, signal)
          .catch((error: unknown) => log(`a batch failed: ${String(error)}`))
          .finally(slots.release);
      }
    }
  };

  const polling = poll();
  return {
    stop: async () => {
      stopping.abort();
      slots.release();
      await polling;
    },
  };
}

async function receiveBatch(source: SqsEventSource, signal: AbortSignal): Promise<Message[]> {
  const windowMs = (source.batchingWindowSeconds ?? 0) * 1000;
  const received = await receive(source, source.batchSize, longPollSeconds, signal);
  const windowEndMs = Date.now() + windowMs;
  while (received.length > 0 && received.length < source.batchSize && !signal.aborted) {
    const leftSeconds = Math.ceil((windowEndMs - Date.now()) / 1000);
    if (leftSeconds <= 0) break;
    const waitSeconds = Math.min(leftSeconds, longPollSeconds);
    const left = source.batchSize - received.length;
    const more = await receive(source, left, waitSeconds, signal).catch((error: unknown) => {
      source.onLog?.(`the batching window ended early: ${String(error)}`);
      return undefined;
    });
    if (more === undefined) break;
    received.push(...more);
  }
  return received;
}

async function receive(
  { sqs, queueUrl }: SqsEventSource,
  count: number,
  waitSeconds: number,
  abortSignal: AbortSignal,
): Promise<Message[]> {
  const command = new ReceiveMessageCommand({
    QueueUrl: queueUrl,
    MaxNumberOfMessages: Math.min(count, receiveLimit),
    WaitTimeSeconds: waitSeconds,
    MessageSystemAttributeNames: ['All'],
    MessageAttributeNames: ['All'],
  });
  const { Messages = [] } = await sqs.send(command, { abortSignal });
  return Messages;
}

async function handleBatch(
  source: SqsEventSource,
  messages: Message[],
  signal: AbortSignal,
): Promise<void> {
  const region = source.queueArn.split(':')[3] ?? '';
  const records = messages.map((message) =>
    toSqsRecord(message, { queueArn: source.queueArn, region }),
  );
  const invocation = await invokeUntilTaken(source, { Records: records }, signal);
  if (invocation.kind !== 'buffered') return;

  const ids = new Set(records.map(({ messageId }) => messageId));
  const outcome = source.reportBatchItemFailures
    ? readBatchOutcome(invocation.payload, ids)
    : readBatchOutcome(null, ids);
  if (outcome.kind === 'all-failed') {
    source.onLog?.('the response names no readable batch item failures: the whole batch failed');
    return;
  }
  await deleteAll(
    source,
    records.filter(({ messageId }) => !outcome.messageIds.has(messageId)),
  );
}

async function invokeUntilTaken(
  source: SqsEventSource,
  event: SQSEvent,
  signal: AbortSignal,
): Promise<Invocation> {
  const { visibilityTimeoutSeconds = Number.POSITIVE_INFINITY } = source;
  const givenUpMs = Date.now() + visibilityTimeoutSeconds * 1000;
  for (let pauseMs = 100; ; pauseMs = Math.min(pauseMs * 2, 5_000)) {
    const invocation = await source.invoke(event);
    const givenUp = signal.aborted || Date.now() + pauseMs > givenUpMs;
    if (invocation.kind !== 'throttled' || givenUp) return invocation;
    await delay(pauseMs, undefined, { signal }).catch(() => undefined);
  }
}

async function deleteAll(
  { sqs, queueUrl }: SqsEventSource,
  done: readonly { messageId: string; receiptHandle: string }[],
): Promise<void> {
  for (let at = 0; at < done.length; at += receiveLimit) {
    let entries = done.slice(at, at + receiveLimit).map(({ receiptHandle }, index) => ({
      Id: String(index),
      ReceiptHandle: receiptHandle,
    }));
    for (let tries = 0; tries < deleteTries && entries.length > 0; tries += 1) {
      const command = new DeleteMessageBatchCommand({ QueueUrl: queueUrl, Entries: entries });
      const { Failed = [] } = await sqs.send(command);
      const failed = new Set(Failed.map(({ Id }) => Id));
      entries = entries.filter(({ Id }) => failed.has(Id));
    }
  }
}
