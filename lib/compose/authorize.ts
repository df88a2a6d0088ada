import { dynamoApiKeys } from '../adapters/dynamo-api-keys.ts';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoTenants } from '../adapters/dynamo-tenants.ts';
import { jsonLog } from '../adapters/json-log.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { readSettings } from '../config.ts';

/** Throws Fault `misconfigured`. */
export const composeAuthorize = () => {
  const settings = readSettings(process.env, ['TABLE_NAME', 'LOG_LEVEL', 'LOCAL_API_KEY']);
  const table = dynamoClient();
  const deps = {
    apiKeys: dynamoApiKeys(table, settings.TABLE_NAME),
    tenants: dynamoTenants(table, settings.TABLE_NAME),
    clock: systemClock(),
    log: jsonLog('authorize', settings.LOG_LEVEL),
  };
  return { settings, deps };
};
