import {
  type DynamoDBClient,
  QueryCommand,
  type QueryCommandInput,
} from '@aws-sdk/client-dynamodb';
import type { EpochMs } from '../job/time.ts';
import type { JobStore } from '../ports/jobs.ts';
import { storeFault } from './dynamo-faults.ts';
import type { Item } from './dynamo-job-item.ts';

/** The ids of at most `limit` items that a query of an index finds, page after page. */
const idsOf = async (
  client: DynamoDBClient,
  query: QueryCommandInput,
  limit: number,
): Promise<readonly string[]> => {
  const ids: string[] = [];
  let start: Item | undefined;
  do {
    const page = await client
      .send(new QueryCommand({ ...query, Limit: limit - ids.length, ExclusiveStartKey: start }))
      .catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
    for (const key of page.Items ?? []) if (key['pk']?.S !== undefined) ids.push(key['pk'].S);
    start = page.LastEvaluatedKey;
  } while (start !== undefined && ids.length < limit);
  return ids;
};

/** One partition of the due index up to `atMs`, oldest first. */
export const dueIds = (
  client: DynamoDBClient,
  tableName: string,
  from: { shard: number; atMs: EpochMs; limit: number },
): Promise<readonly string[]> =>
  idsOf(
    client,
    {
      TableName: tableName,
      IndexName: 'due',
      KeyConditionExpression: 'dueShard = :shard AND dueAtMs <= :at',
      ExpressionAttributeValues: {
        ':shard': { N: String(from.shard) },
        ':at': { N: String(from.atMs) },
      },
    },
    from.limit,
  );

/** A tenant's jobs whose ids begin with a prefix; ids sort by time. `after` is left out itself. */
export const listedIds = async (
  client: DynamoDBClient,
  tableName: string,
  { tenant, prefix, order, after, limit }: Parameters<JobStore['list']>[0],
): Promise<readonly string[]> => {
  const ids = await idsOf(
    client,
    {
      TableName: tableName,
      IndexName: 'tenant',
      KeyConditionExpression: 'listTenant = :tenant AND pk BETWEEN :from AND :to',
      ExpressionAttributeValues: {
        ':tenant': { S: tenant },
        ':from': { S: order === 'asc' ? (after ?? prefix) : prefix },
        // Ids are hexadecimal behind their prefix, so "g" comes after all of them.
        ':to': { S: order === 'desc' ? (after ?? `${prefix}g`) : `${prefix}g` },
      },
      ScanIndexForward: order === 'asc',
    },
    limit + 1,
  );
  return ids.filter((id) => id !== after).slice(0, limit);
};
