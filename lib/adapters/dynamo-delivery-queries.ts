import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { DeliveryKey } from '../callback/delivery.ts';
import type { EpochMs } from '../job/time.ts';
import type { DeliveryStore } from '../ports/callbacks.ts';
import type { Item } from './dynamo-job-item.ts';
import { dueQuery, readPages } from './dynamo-pages.ts';

const sortFormat = /^delivery#(\d+)#(.+)$/;

const keyOf = (item: Item): DeliveryKey[] => {
  const [, deliveryNo, target] = sortFormat.exec(item['sk']?.S ?? '') ?? [];
  const jobId = item['pk']?.S;
  return jobId === undefined || deliveryNo === undefined || target === undefined
    ? []
    : [{ jobId, deliveryNo: Number(deliveryNo), target }];
};

/** One of the deliveries' partitions of the due index up to `atMs`, oldest first. */
export const dueDeliveries = (
  client: DynamoDBClient,
  tableName: string,
  from: { readonly shard: number; readonly atMs: EpochMs; readonly limit: number },
): Promise<readonly DeliveryKey[]> =>
  readPages(client, dueQuery(tableName, from), from.limit, keyOf);

const apiPrefixes = ['gen_', 'resp_', 'chatcmpl_'] as const;

/** By the time that is in a job's id, then by what a job has several of; newest first. */
const orderOf = ({ jobId, deliveryNo, target }: DeliveryKey): string =>
  `${jobId.slice(jobId.indexOf('_') + 1)}#${String(deliveryNo).padStart(6, '0')}#${target}`;

const bareOf = (key: DeliveryKey): string => key.jobId.slice(key.jobId.indexOf('_') + 1);

/**
 * A tenant's deliveries in a state as the index knows them, newest first, up to `limit`: fewer are all
 * there are. The index sorts by the job's id and not within it, so each API's are read for themselves,
 * each job's as a whole, and merged by time.
 */
export const listedDeliveries = async (
  client: DynamoDBClient,
  tableName: string,
  { tenant, state, after, limit }: Parameters<DeliveryStore['list']>[0],
): Promise<readonly DeliveryKey[]> => {
  const last = after === undefined ? undefined : orderOf(after);
  const isNext = (key: DeliveryKey): boolean => last === undefined || orderOf(key) < last;
  const pages = await Promise.all(
    apiPrefixes.map((prefix) =>
      readPages(
        client,
        {
          TableName: tableName,
          IndexName: 'tenant',
          KeyConditionExpression: 'listTenant = :list AND pk BETWEEN :from AND :to',
          ExpressionAttributeValues: {
            ':list': { S: `DELIVERIES#${tenant}#${state}` },
            ':from': { S: prefix },
            // Ids are hexadecimal behind their prefix, so "g" comes after all of them.
            ':to': { S: `${prefix}${after === undefined ? 'g' : bareOf(after)}` },
          },
          ScanIndexForward: false,
        },
        limit,
        (item) => keyOf(item).filter(isNext),
        (found) => found.length > limit && found.at(-1)?.jobId !== found[limit - 1]?.jobId,
      ),
    ),
  );
  return pages
    .flat()
    .sort((a, b) => (orderOf(a) < orderOf(b) ? 1 : -1))
    .slice(0, limit);
};
