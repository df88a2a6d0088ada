import { GetAccountSettingsCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { impatient } from '../aws/client.ts';
import type { Finding } from './finding.ts';

/** Whether the account runs as many functions at once as the stage may need. Throws the SDK's errors. */
export const checkConcurrency = async (region: string, workers: number): Promise<Finding> => {
  const client = new LambdaClient({ ...impatient, region });
  const { AccountLimit: limit } = await client.send(new GetAccountSettingsCommand({}));
  client.destroy();
  const check = 'Lambda concurrency';
  const total = limit?.ConcurrentExecutions;
  const free = limit?.UnreservedConcurrentExecutions;
  if (total === undefined || free === undefined) {
    return { check, result: 'unknown', text: 'Lambda does not tell the limits of the account.' };
  }
  const found = `${free} at once are free for it (of the account's ${total}), ${workers} of them for workers`;
  if (free > workers) {
    return { check, result: 'ok', text: `${found}, ${free - workers} for requests.` };
  }
  return {
    check,
    result: 'fail',
    text: `${found}: a full queue would leave none for requests. Ask for more (Service Quotas: Lambda, Concurrent executions), or deploy with --param="workerConcurrency=${Math.max(2, Math.floor(free / 2))}".`,
  };
};
