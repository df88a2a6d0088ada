import { dynamoContent } from '../adapters/dynamo-content.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsDeliveryQueue } from '../adapters/sqs-delivery-queue.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { sqsVisibility } from '../adapters/sqs-visibility.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { readSettingsWithUpstreams } from '../config/with-upstreams.ts';
import { composeDurations } from './durations.ts';
import { composeHealth } from './health.ts';
import { composeStore, storeNames } from './store.ts';
import { composeTenantUse } from './tenant-use.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

/** Throws Fault `misconfigured`. */
export const composeWork = () => {
  const settings = readSettingsWithUpstreams(process.env, [
    ...storeNames,
    ...upstreamsNames,
    'JOBS_QUEUE_URL',
    'DELIVERIES_QUEUE_URL',
    'PARK_AFTER_MS',
  ]);
  const { table, ...store } = composeStore('work', settings);
  const sqs = sqsClient();
  const queue = sqsQueue(sqs, settings.JOBS_QUEUE_URL);
  const deps = {
    ...store,
    ...composeTenantUse(table, settings.TABLE_NAME, { ...store, queue }),
    deliveryQueue: sqsDeliveryQueue(sqs, settings.DELIVERIES_QUEUE_URL),
    content: dynamoContent(table, settings.TABLE_NAME),
    upstreams: upstreamsFrom(settings, store.clock),
    health: composeHealth(table, settings.TABLE_NAME, store),
    durations: composeDurations(table, settings.TABLE_NAME, store),
    ids: systemIds(),
    parkAfterMs: settings.PARK_AFTER_MS,
  };
  return { deps, visibility: sqsVisibility(sqs, settings.JOBS_QUEUE_URL) };
};
