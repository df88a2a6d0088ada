import { dynamoApiKeys } from '../adapters/dynamo-api-keys.ts';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { powertoolsLog } from '../adapters/powertools-log.ts';
import { readSettings } from '../config.ts';

/** Throws Fault `misconfigured`. */
export const composeAuthorize = () => {
  const settings = readSettings(process.env, ['TABLE_NAME', 'LOG_LEVEL', 'LOCAL_API_KEY']);
  const deps = {
    apiKeys: dynamoApiKeys(dynamoClient(), settings.TABLE_NAME),
    log: powertoolsLog('authorize', settings.LOG_LEVEL),
  };
  return { settings, deps };
};
