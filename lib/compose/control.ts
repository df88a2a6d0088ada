import { dynamoContent } from '../adapters/dynamo-content.ts';
import { dynamoSigningKeys } from '../adapters/dynamo-signing-keys.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { readSettings } from '../config.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeStore, storeNames } from './store.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeControl = () => {
  const settings = readSettings(process.env, [
    ...storeNames,
    ...upstreamsNames,
    ...httpNames,
    'JOBS_QUEUE_URL',
  ]);
  const { table, ...store } = composeStore('control', settings);
  const deps = {
    ...store,
    content: dynamoContent(table, settings.TABLE_NAME),
    signingKeys: dynamoSigningKeys(table, settings.TABLE_NAME, store.clock),
    queue: sqsQueue(sqsClient(), settings.JOBS_QUEUE_URL),
    upstreams: upstreamsFrom(settings, store.clock),
    ids: systemIds(),
  };
  return { deps, http: composeHttp(settings, deps.log) };
};
