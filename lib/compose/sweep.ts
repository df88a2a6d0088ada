import { dynamoContent } from '../adapters/dynamo-content.ts';
import { dynamoDeliveries } from '../adapters/dynamo-deliveries.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsDeliveryQueue } from '../adapters/sqs-delivery-queue.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { readSettingsWithUpstreams } from '../config/with-upstreams.ts';
import { composeStore, storeNames } from './store.ts';
import { composeTenantUse } from './tenant-use.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeSweep = () => {
  const settings = readSettingsWithUpstreams(process.env, [
    ...storeNames,
    ...upstreamsNames,
    'JOBS_QUEUE_URL',
    'DELIVERIES_QUEUE_URL',
  ]);
  const { table, ...store } = composeStore('sweep', settings);
  const sqs = sqsClient();
  const queue = sqsQueue(sqs, settings.JOBS_QUEUE_URL);
  const deps = {
    ...store,
    ...composeTenantUse(table, settings.TABLE_NAME, { ...store, queue }),
    deliveries: dynamoDeliveries(table, settings.TABLE_NAME, store.clock),
    deliveryQueue: sqsDeliveryQueue(sqs, settings.DELIVERIES_QUEUE_URL),
    content: dynamoContent(table, settings.TABLE_NAME),
    upstreams: upstreamsFrom(settings, store.clock),
  };
  return { deps };
};
