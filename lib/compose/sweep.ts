import { dynamoContent } from '../adapters/dynamo-content.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { readSettings } from '../config.ts';
import { composeStore, storeNames } from './store.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeSweep = () => {
  const settings = readSettings(process.env, [...storeNames, ...upstreamsNames, 'JOBS_QUEUE_URL']);
  const { table, ...store } = composeStore('sweep', settings);
  const deps = {
    ...store,
    content: dynamoContent(table, settings.TABLE_NAME),
    queue: sqsQueue(sqsClient(), settings.JOBS_QUEUE_URL),
    upstreams: upstreamsFrom(settings, store.clock),
  };
  return { deps };
};
