import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { dynamoDurations } from '../adapters/dynamo-durations.ts';
import { systemIds } from '../adapters/system-ids.ts';
import { modelDurations } from '../generation/model-durations.ts';
import type { ModelDurations } from '../ports/durations.ts';
import type { Clock, Log } from '../ports/system.ts';

/** How long generations take, as this sandbox knows it; one for all of its requests. */
export const composeDurations = (
  table: DynamoDBClient,
  tableName: string,
  { clock, log }: { readonly clock: Clock; readonly log: Log },
): ModelDurations => {
  const store = dynamoDurations(table, tableName, clock);
  return modelDurations({ store, clock, log, ids: systemIds() });
};
