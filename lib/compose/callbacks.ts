import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { dynamoCallbackEndpoints } from '../adapters/dynamo-callback-endpoints.ts';
import { sqsDeliveryQueue } from '../adapters/sqs-delivery-queue.ts';
import type { Settings } from '../config.ts';
import { watchEndpoints } from '../delivery/has-endpoints.ts';
import type { Clock, Log } from '../ports/system.ts';

export const callbackNames = ['DELIVERIES_QUEUE_URL', 'CALLBACK_HTTP_LOOPBACK'] as const;

/** What accepts jobs with callbacks, and sends for them. */
export const composeCallbacks = (
  table: DynamoDBClient,
  sqs: SQSClient,
  settings: Settings<(typeof callbackNames)[number] | 'TABLE_NAME'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
) => {
  const endpoints = dynamoCallbackEndpoints(table, settings.TABLE_NAME);
  return {
    endpoints,
    hasEndpoints: watchEndpoints({ endpoints, clock, log }),
    deliveryQueue: sqsDeliveryQueue(sqs, settings.DELIVERIES_QUEUE_URL),
    allowHttpLoopback: settings.CALLBACK_HTTP_LOOPBACK,
  };
};
