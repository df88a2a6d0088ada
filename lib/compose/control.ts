import { callbackTransport } from '../adapters/callback-transport.ts';
import { dynamoCallbackSecrets } from '../adapters/dynamo-callback-secrets.ts';
import { dynamoContent } from '../adapters/dynamo-content.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { dynamoIdempotencyKeys } from '../adapters/dynamo-idempotency-keys.ts';
import { dynamoSigningKeys } from '../adapters/dynamo-signing-keys.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { readSettings } from '../config.ts';
import { callbackNames, composeCallbacks } from './callbacks.ts';
import { composeHealth } from './health.ts';
import { composeHttp, httpNames } from './http.ts';
import { composeStore, storeNames } from './store.ts';
import { composeTenantUse } from './tenant-use.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeControl = () => {
  const settings = readSettings(process.env, [
    ...storeNames,
    ...upstreamsNames,
    ...httpNames,
    'JOBS_QUEUE_URL',
    ...callbackNames,
  ]);
  const { table, ...store } = composeStore('control', settings);
  const sqs = sqsClient();
  const queue = sqsQueue(sqs, settings.JOBS_QUEUE_URL);
  const deps = {
    ...store,
    ...composeTenantUse(table, settings.TABLE_NAME, { ...store, queue }),
    content: dynamoContent(table, settings.TABLE_NAME),
    idempotencyKeys: dynamoIdempotencyKeys(table, settings.TABLE_NAME),
    signingKeys: dynamoSigningKeys(table, settings.TABLE_NAME, store.clock),
    ...composeCallbacks(table, sqs, settings, store),
    deliveries: dynamoDeliveries(table, settings.TABLE_NAME, store.clock),
    callbackSecrets: dynamoCallbackSecrets(table, settings.TABLE_NAME),
    callbacks: callbackTransport({
      clock: store.clock,
      allowHttpLoopback: settings.CALLBACK_HTTP_LOOPBACK,
    }),
    upstreams: upstreamsFrom(settings, store.clock),
    health: composeHealth(table, settings.TABLE_NAME, store),
    ids: systemIds(),
  };
  return { deps, http: composeHttp(settings, deps.log) };
};
