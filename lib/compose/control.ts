import { callbackTransport } from '../adapters/callback-transport.ts';
import { dynamoCallbackSecrets } from '../adapters/dynamo-callback-secrets.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { readSettingsWithUpstreams } from '../config/with-upstreams.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeMaking, makingNames } from './making.ts';

/** Throws Fault `misconfigured`. */
export const composeControl = () => {
  const settings = readSettingsWithUpstreams(process.env, [...makingNames, ...httpNames]);
  const { table, deps: making } = composeMaking('control', settings);
  const deps = {
    ...making,
    // What is made here is a repetition, which never runs inline.
    admitUnseen: 'queued' as const,
    deliveries: dynamoDeliveries(table, settings.TABLE_NAME, making.clock),
    callbackSecrets: dynamoCallbackSecrets(table, settings.TABLE_NAME),
    callbacks: callbackTransport({
      clock: making.clock,
      allowHttpLoopback: settings.CALLBACK_HTTP_LOOPBACK,
    }),
  };
  return { deps, http: composeHttp(table, settings, deps) };
};
