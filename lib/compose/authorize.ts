import { dynamoApiKeys } from '../adapters/dynamo-api-keys.ts';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoTenants } from '../adapters/dynamo-tenants.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { readSettings } from '../config.ts';
import { composeLog } from './log.ts';

/** Throws Fault `misconfigured`. */
export const composeAuthorize = () => {
  const settings = readSettings(process.env, ['TABLE_NAME', 'LOG_LEVEL', 'LOCAL_API_KEY']);
  const table = dynamoClient();
  const deps = {
    apiKeys: dynamoApiKeys(table, settings.TABLE_NAME),
    tenants: dynamoTenants(table, settings.TABLE_NAME),
    clock: systemClock(),
    log: composeLog('authorize', settings),
  };
  return { settings, deps };
};
