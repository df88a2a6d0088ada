import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoTenantUsage } from '../adapters/dynamo-tenant-usage.ts';
import type { Settings } from '../config.ts';
import type { Clock, Log } from '../ports/system.ts';

export const httpNames = ['PUBLIC_BASE_URL', 'CORS_ORIGINS'] as const;

/** What the API functions answer by. */
export const composeHttp = (
  table: DynamoDBClient,
  settings: Settings<(typeof httpNames)[number] | 'TABLE_NAME'>,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
) => ({
  corsOrigins: settings.CORS_ORIGINS,
  publicBaseUrl: settings.PUBLIC_BASE_URL,
  log,
  ratesLeft: { usage: dynamoTenantUsage(table, settings.TABLE_NAME), clock, log },
});
