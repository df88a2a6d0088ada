import { callbackTransport } from '../adapters/callback-transport.ts';
import { dynamoCallbackEndpoints } from '../adapters/dynamo-callback-endpoints.ts';
import { dynamoCallbackSecrets } from '../adapters/dynamo-callback-secrets.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { dynamoSigningKeys } from '../adapters/dynamo-signing-keys.ts';
import { dynamoSlowLanes } from '../adapters/dynamo-slow-lanes.ts';
import { dynamoTenants } from '../adapters/dynamo-tenants.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsDeliveryQueue } from '../adapters/sqs-delivery-queue.ts';
import { sqsVisibility } from '../adapters/sqs-visibility.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { readSettings } from '../config.ts';
import { composeStore, storeNames } from './store.ts';

/** Throws Fault `misconfigured`. */
export const composeDeliver = () => {
  const settings = readSettings(process.env, [
    ...storeNames,
    'DELIVERIES_QUEUE_URL',
    'CALLBACK_HTTP_LOOPBACK',
    'SLOW_DELIVERY_CONCURRENCY',
  ]);
  const { TABLE_NAME: tableName, DELIVERIES_QUEUE_URL: queueUrl } = settings;
  const { table, ...store } = composeStore('deliver', settings);
  const sqs = sqsClient();
  const deps = {
    ...store,
    deliveries: dynamoDeliveries(table, tableName, store.clock),
    deliveryQueue: sqsDeliveryQueue(sqs, queueUrl),
    endpoints: dynamoCallbackEndpoints(table, tableName),
    callbackSecrets: dynamoCallbackSecrets(table, tableName),
    callbacks: callbackTransport({
      clock: store.clock,
      allowHttpLoopback: settings.CALLBACK_HTTP_LOOPBACK,
    }),
    signingKeys: dynamoSigningKeys(table, tableName, store.clock),
    tenants: dynamoTenants(table, tableName),
    slowLanes: dynamoSlowLanes(table, tableName),
    ids: systemIds(),
  };
  const lanes = settings.SLOW_DELIVERY_CONCURRENCY;
  return { deps, lanes, visibility: sqsVisibility(sqs, queueUrl) };
};
