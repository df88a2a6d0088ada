import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoUpstreamHealth } from '../adapters/dynamo-upstream-health.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { upstreamHealth } from '../generation/upstream-health.ts';
import type { Clock, Log } from '../ports/system.ts';
import type { UpstreamHealth } from '../ports/upstreams.ts';

/** The upstreams' health as this sandbox knows it; one for all of its requests. */
export const composeHealth = (
  table: DynamoDBClient,
  tableName: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): UpstreamHealth => {
  const store = dynamoUpstreamHealth(table, tableName, clock);
  return upstreamHealth({ store, clock, log, ids: systemIds() });
};
