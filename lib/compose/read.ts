import { dynamoContent } from '../adapters/dynamo-content.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { dynamoSigningKeys } from '../adapters/dynamo-signing-keys.ts';
import { readSettings } from '../config.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeStore, storeNames } from './store.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeRead = () => {
  const settings = readSettings(process.env, [...storeNames, ...upstreamsNames, ...httpNames]);
  const { table, ...store } = composeStore('read', settings);
  const deps = {
    ...store,
    deliveries: dynamoDeliveries(table, settings.TABLE_NAME, store.clock),
    content: dynamoContent(table, settings.TABLE_NAME),
    signingKeys: dynamoSigningKeys(table, settings.TABLE_NAME, store.clock),
    upstreams: upstreamsFrom(settings, store.clock),
  };
  return { deps, http: composeHttp(settings, deps.log) };
};
