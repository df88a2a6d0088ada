import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { impatient } from '../aws/client.ts';
import type { Finding } from './finding.ts';

/** How many functions the stage's queues may keep busy at once. */
type QueueConcurrency = {
  readonly workerConcurrency: number;
  readonly deliveryConcurrency: number;
};

/** What leaves about a fifth of `free` to requests; an event source takes no less than 2. */
const fitting = (free: number): string =>
  [
    ['workerConcurrency', Math.max(2, Math.floor(free / 2))],
    ['deliveryConcurrency', Math.max(2, Math.floor(free * 0.3))],
  ]
    .map(([name, value]) => `--param="${name}=${value}"`)
    .join(' ');

/** Whether the account runs as many functions at once as the stage may need. Throws the SDK's errors. */
export const checkConcurrency = async (
  region: string,
  { workerConcurrency: workers, deliveryConcurrency: callers }: QueueConcurrency,
): Promise<Finding> => {
  const client = new LambdaClient({ ...impatient, region });
  const { AccountLimit: limit } = await client.send(new GetAccountSettingsCommand({}));
  client.destroy();
  const check = 'Lambda concurrency';
  const total = limit?.ConcurrentExecutions;
  const free = limit?.UnreservedConcurrentExecutions;
  if (total === undefined || free === undefined) {
    return { check, result: 'unknown', text: 'Lambda does not tell the limits of the account.' };
  }
  const found = `${free} at once are free for it (of the account's ${total}), ${workers} of them for workers and ${callers} for callbacks`;
  const left = free - workers - callers;
  if (left > 0) return { check, result: 'ok', text: `${found}, ${left} for requests.` };
  return {
    check,
    result: 'fail',
    text: `${found}: full queues would leave none for requests. Ask for more (Service Quotas: Lambda, Concurrent executions), or deploy with ${fitting(free)}.`,
  };
};
