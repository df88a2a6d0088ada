import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { EpochMs } from '../job/time.ts';
import type { JobStore } from '../ports/jobs.ts';
import type { Item } from './dynamo-job-item.ts';
import { dueQuery, readPages } from './dynamo-pages.ts';

/** Its partition key, which is the job's id. */
const idOf = (item: Item): readonly string[] => (item['pk']?.S === undefined ? [] : [item['pk'].S]);

/** One partition of the due index up to `atMs`, oldest first. */
export const dueIds = (
  client: DynamoDBClient,
  tableName: string,
  from: { shard: number; atMs: EpochMs; limit: number },
): Promise<readonly string[]> => readPages(client, dueQuery(tableName, from), from.limit, idOf);

/** A tenant's jobs whose ids begin with a prefix; ids sort by time. `after` is left out itself. */
export const listedIds = async (
  client: DynamoDBClient,
  tableName: string,
  { tenant, prefix, order, after, limit }: Parameters<JobStore['list']>[0],
): Promise<readonly string[]> => {
  const ids = await readPages(
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
    idOf,
  );
  return ids.filter((id) => id !== after).slice(0, limit);
};
