import { dynamoContent } from '../adapters/dynamo-content.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsVisibility } from '../adapters/sqs-visibility.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { readSettings } from '../config.ts';
import { composeStore, storeNames } from './store.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeWork = () => {
  const settings = readSettings(process.env, [...storeNames, ...upstreamsNames, 'JOBS_QUEUE_URL']);
  const { table, ...store } = composeStore('work', settings);
  const deps = {
    ...store,
    content: dynamoContent(table, settings.TABLE_NAME),
    upstreams: upstreamsFrom(settings, store.clock),
    ids: systemIds(),
  };
  return { deps, visibility: sqsVisibility(sqsClient(), settings.JOBS_QUEUE_URL) };
};
