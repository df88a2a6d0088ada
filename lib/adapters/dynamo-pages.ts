import {
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { EpochMs } from '../job/time.ts';
import { storeFault } from './dynamo-faults.ts';
import type { Item } from './dynamo-job-item.ts';

/**
 * What `read` makes of the items that a query finds, page after page, until there are `limit` of them,
 * or until `isEnough` of what was found. Throws Fault `store_unavailable`.
 */
export const readPages = async <T>(
  client: DynamoDBClient,
  query: QueryCommandInput,
  limit: number,
  read: (item: Item) => readonly T[],
  isEnough: (found: readonly T[]) => boolean = (found) => found.length >= limit,
): Promise<readonly T[]> => {
  const found: T[] = [];
  let start: Item | undefined;
  do {
    const left = limit - found.length;
    const page = await client
      .send(
        new QueryCommand({ ...query, Limit: left > 0 ? left : limit, ExclusiveStartKey: start }),
      )
      .catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
    found.push(...(page.Items ?? []).flatMap(read));
    start = page.LastEvaluatedKey;
  } while (start !== undefined && !isEnough(found));
  return found;
};

/** One partition of the due index up to `atMs`, oldest first. */
export const dueQuery = (
  tableName: string,
  { shard, atMs }: { readonly shard: number; readonly atMs: EpochMs },
): QueryCommandInput => ({
  TableName: tableName,
  IndexName: 'due',
  KeyConditionExpression: 'dueShard = :shard AND dueAtMs <= :at',
  ExpressionAttributeValues: { ':shard': { N: String(shard) }, ':at': { N: String(atMs) } },
});
