import { gbSeconds, type Invocation } from './billing.ts';
import { costUsd } from './prices.ts';
import type { QueueCall } from './queue-call.ts';
import type { TableCall } from './table-meter.ts';

/** What was used in some span of time, call by call. */
export type Use = {
  readonly invocations: readonly Invocation[];
  readonly tableCalls: readonly TableCall[];
  readonly queueCalls: readonly QueueCall[];
  readonly logBytes: number;
  /** To the gateway. */
  readonly requests: number;
  /** Of them those that were refused with 503 and sent again: on an idle machine there are none. */
  readonly repeats: number;
};

/** Amounts of what is billed, by the name of its price. */
export type Amounts = {
  readonly gbSeconds: number;
  readonly invocations: number;
  readonly queueRequests: number;
  readonly fairRequests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly apiRequests: number;
  readonly logBytes: number;
};

const sumOf = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((sum, item) => sum + of(item), 0);

/** What the sweep does each minute, and long polls that bring nothing, are there without any job. */
const isIdle = ({ by, action, messages }: QueueCall): boolean =>
  by === 'sweep' || (action === 'sqs:ReceiveMessage' && messages === 0);

/** The use that jobs cause, without what a stage uses idle. */
export const withoutIdle = (use: Use): Use => ({
  ...use,
  invocations: use.invocations.filter(({ by }) => by !== 'sweep'),
  tableCalls: use.tableCalls.filter(({ by }) => by !== 'sweep'),
  queueCalls: use.queueCalls.filter((call) => !isIdle(call)),
});

/** The part of the use that one function has, or the event source. */
export const useBy = (use: Use, name: string): Use => ({
  invocations: use.invocations.filter(({ by }) => by === name),
  tableCalls: use.tableCalls.filter(({ by }) => by === name),
  queueCalls: use.queueCalls.filter(({ by }) => by === name),
  logBytes: 0,
  requests: 0,
  repeats: 0,
});

/** The amounts, of which each is multiplied by `times`. Every message here has a MessageGroupId. */
export const amountsOf = (use: Use, times = 1): Amounts => ({
  gbSeconds: gbSeconds(use.invocations) * times,
  invocations: use.invocations.length * times,
  queueRequests: use.queueCalls.length * times,
  fairRequests: use.queueCalls.filter(({ messages }) => messages > 0).length * times,
  writeUnits: sumOf(use.tableCalls, ({ writeUnits }) => writeUnits) * times,
  readUnits: sumOf(use.tableCalls, ({ readUnits }) => readUnits) * times,
  apiRequests: use.requests * times,
  logBytes: use.logBytes * times,
});

/** What the amounts cost, in USD, by their name. */
export const costsOf = (amounts: Amounts): Readonly<Record<keyof Amounts, number>> => ({
  gbSeconds: costUsd('gbSeconds', amounts.gbSeconds),
  invocations: costUsd('invocations', amounts.invocations),
  queueRequests: costUsd('queueRequests', amounts.queueRequests),
  fairRequests: costUsd('fairRequests', amounts.fairRequests),
  writeUnits: costUsd('writeUnits', amounts.writeUnits),
  readUnits: costUsd('readUnits', amounts.readUnits),
  apiRequests: costUsd('apiRequests', amounts.apiRequests),
  logBytes: costUsd('logBytes', amounts.logBytes),
});

/** Everything, in USD. */
export const totalUsd = (amounts: Amounts): number =>
  sumOf(Object.values(costsOf(amounts)), (usd) => usd);
