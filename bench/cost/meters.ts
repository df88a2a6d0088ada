import { setTimeout as delay } from 'node:timers/promises';
import type { Emulator } from '../../local/emulators/emulator.ts';
import type { TemplateTable } from '../../local/template/tables.ts';
import type { Billing } from './billing.ts';
import { startMeteredRelay } from './metered-relay.ts';
import { messagesIn, type QueueCall } from './queue-call.ts';
import { tableMeter } from './table-meter.ts';
import type { Use } from './use.ts';

export type Meters = {
  /** Where a function, or the event source, is to find table and queues. */
  endpointsOf(
    by: string,
  ): Promise<{ readonly tableEndpoint: string; readonly queueEndpoint: string }>;
  /** Counts a request to the gateway, which may be another one's repetition. */
  countRequest(isRepeat: boolean): void;
  /** What has been used since the last time it was asked for. */
  take(): Use;
  /** Once it resolves, the event source receives nothing until what it resolved to is called. */
  holdQueue(): Promise<() => void>;
};

type Metered = {
  readonly table: TemplateTable;
  readonly tables: Emulator;
  readonly queues: Emulator;
  readonly bill: Billing;
};

/** Long polls are this short here, so that the queue can be held soon; those that bring nothing are not billed. */
const pollSeconds = 1;
const holdCheckMs = 20;

/** A meter before each emulator for each function, so that what is used is told apart. */
export const startMeters = async (
  metered: Metered,
): Promise<Meters & { close(): Promise<void> }> => {
  const { table, tables, queues, bill } = metered;
  const opened = new AsyncDisposableStack();
  const meter = tableMeter(table);
  const queueCalls: QueueCall[] = [];
  let requests = 0;
  let repeats = 0;
  let logged = 0;
  let passage = Promise.withResolvers<void>();
  passage.resolve();
  let polls = 0;

  const endpointsOf: Meters['endpointsOf'] = async (by) => {
    const ofTable = await startMeteredRelay(tables.endpoint, {
      amend: meter.amend,
      hear: (call) => meter.hear(by, call),
    });
    opened.defer(() => ofTable.close());
    const ofQueues = await startMeteredRelay(queues.endpoint, {
      amend: async ({ action, body }) => {
        if (action !== 'sqs:ReceiveMessage') return body;
        await passage.promise;
        polls += 1;
        return { ...body, WaitTimeSeconds: pollSeconds };
      },
      hear: (call) => {
        if (call.action === 'sqs:ReceiveMessage') polls -= 1;
        queueCalls.push({ by, action: call.action, messages: messagesIn(call) });
      },
    });
    opened.defer(() => ofQueues.close());
    return { tableEndpoint: ofTable.endpoint, queueEndpoint: ofQueues.endpoint };
  };

  return {
    endpointsOf,
    countRequest: (isRepeat) => {
      requests += 1;
      if (isRepeat) repeats += 1;
    },
    take: () => {
      const logBytes = bill.logBytes() - logged;
      const use = {
        invocations: bill.invocations.splice(0),
        tableCalls: meter.calls.splice(0),
        queueCalls: queueCalls.splice(0),
        logBytes,
        requests,
        repeats,
      };
      logged += logBytes;
      requests = 0;
      repeats = 0;
      return use;
    },
    holdQueue: async () => {
      passage = Promise.withResolvers();
      while (polls > 0) await delay(holdCheckMs);
      return passage.resolve;
    },
    close: () => {
      passage.resolve();
      return opened.disposeAsync();
    },
  };
};
