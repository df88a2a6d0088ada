import { dynamoContent } from '../adapters/dynamo-content.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { dynamoSigningKeys } from '../adapters/dynamo-signing-keys.ts';
import { readSettingsWithUpstreams } from '../config/with-upstreams.ts';
import { composeHttp, httpNames } from './http.ts';
import { queueOnDemand } from './queue-on-demand.ts';
import { composeStore, storeNames } from './store.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeRead = () => {
  const settings = readSettingsWithUpstreams(process.env, [
    ...storeNames,
    ...upstreamsNames,
    ...httpNames,
    'JOBS_QUEUE_URL',
  ]);
  const { table, ...store } = composeStore('read', settings);
  const deps = {
    ...store,
    queue: queueOnDemand(settings.JOBS_QUEUE_URL),
    deliveries: dynamoDeliveries(table, settings.TABLE_NAME, store.clock),
    content: dynamoContent(table, settings.TABLE_NAME),
    signingKeys: dynamoSigningKeys(table, settings.TABLE_NAME, store.clock),
    upstreams: upstreamsFrom(settings, store.clock),
  };
  return { deps, http: composeHttp(table, settings, deps) };
};
