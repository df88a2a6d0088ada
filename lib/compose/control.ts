import { callbackTransport } from '../adapters/callback-transport.ts';
import { dynamoCallbackSecrets } from '../adapters/dynamo-callback-secrets.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { readSettings } from '../config.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeMaking, makingNames } from './making.ts';

/** Throws Fault `misconfigured`. */
export const composeControl = () => {
  const settings = readSettings(process.env, [...makingNames, ...httpNames]);
  const { table, deps: making } = composeMaking('control', settings);
  const deps = {
    ...making,
    deliveries: dynamoDeliveries(table, settings.TABLE_NAME, making.clock),
    callbackSecrets: dynamoCallbackSecrets(table, settings.TABLE_NAME),
    callbacks: callbackTransport({
      clock: making.clock,
      allowHttpLoopback: settings.CALLBACK_HTTP_LOOPBACK,
    }),
  };
  return { deps, http: composeHttp(settings, deps.log) };
};
