import { dynamoContent } from '../adapters/dynamo-content.ts';
import { dynamoIdempotencyKeys } from '../adapters/dynamo-idempotency-keys.ts';
import { dynamoSigningKeys } from '../adapters/dynamo-signing-keys.ts';
import { sqsClient } from '../adapters/sqs-client.ts';
import { sqsQueue } from '../adapters/sqs-queue.ts';
import { systemIds } from '../adapters/system-ids.ts';
import type { Settings } from '../config.ts';
import { watchRecords } from '../generation/record-watch.ts';
import { callbackNames, composeCallbacks } from './callbacks.ts';
import { composeDurations } from './durations.ts';
import { composeHealth } from './health.ts';
import { composeStore, storeNames } from './store.ts';
import { composeTenantUse } from './tenant-use.ts';
import { upstreamsFrom, upstreamsNames } from './upstreams.ts';

export const makingNames = [
  ...storeNames,
  ...upstreamsNames,
  'JOBS_QUEUE_URL',
  ...callbackNames,
] as const;

/** What every function has that makes jobs. */
export const composeMaking = (
  service: string,
  settings: Settings<(typeof makingNames)[number]>,
) => {
  const { table, ...store } = composeStore(service, settings);
  const sqs = sqsClient();
  const queue = sqsQueue(sqs, settings.JOBS_QUEUE_URL);
  const deps = {
    ...store,
    ...composeTenantUse(table, settings.TABLE_NAME, { ...store, queue }),
    content: dynamoContent(table, settings.TABLE_NAME),
    idempotencyKeys: dynamoIdempotencyKeys(table, settings.TABLE_NAME),
    signingKeys: dynamoSigningKeys(table, settings.TABLE_NAME, store.clock),
    ...composeCallbacks(table, sqs, settings, store),
    upstreams: upstreamsFrom(settings, store.clock),
    health: composeHealth(table, settings.TABLE_NAME, store),
    durations: composeDurations(table, settings.TABLE_NAME, store),
    ids: systemIds(),
    records: watchRecords(store.clock),
  };
  return { table, deps };
};
