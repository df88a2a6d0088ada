import { createHash } from 'node:crypto';
import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Delivery, type DeliveryKey, parseDelivery } from '../callback/delivery.ts';
import { Fault } from '../errors.ts';
import { deliveryDueShards, dueShards } from '../limits.ts';
import type { DeliveryStore } from '../ports/callbacks.ts';
import type { Clock } from '../ports/system.ts';
import { dueDeliveries, listedDeliveries } from './dynamo-delivery-queries.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { type Item, isExpired, jobTtlSeconds } from './dynamo-job-item.ts';

const prefix = 'delivery#';

const tableKey = ({ jobId, deliveryNo, target }: DeliveryKey): Item => ({
  pk: { S: jobId },
  // Numbers of one width sort as numbers.
  sk: { S: `${prefix}${String(deliveryNo).padStart(6, '0')}#${target}` },
});

/** Behind the jobs' partitions, where the sweep of jobs does not look. */
const dueShardOf = (jobId: string): number =>
  dueShards + (createHash('sha256').update(jobId).digest().readUInt8(0) % deliveryDueShards);

const toItem = (delivery: Delivery): Item => ({
  ...marshall(
    {
      ...delivery,
      listTenant: `DELIVERIES#${delivery.tenant}#${delivery.state}`,
      expiresAtSeconds: jobTtlSeconds({ ...delivery, idempotency: undefined }),
      ...(delivery.dueAtMs === undefined ? {} : { dueShard: dueShardOf(delivery.jobId) }),
    },
    { removeUndefinedValues: true },
  ),
  ...tableKey(delivery),
});

const fromItem = (item: Item): Delivery => {
  const {
    pk: _,
    sk: _sk,
    dueShard: _due,
    listTenant: _list,
    expiresAtSeconds: _ttl,
    ...fields
  } = unmarshall(item);
  const delivery = parseDelivery(fields);
  if (delivery !== undefined) return delivery;
  throw new Fault('item_unreadable', 'The record of a delivery cannot be read.');
};

/** Of a list, at least so many are looked at together: some of them may have gone. */
const listedTogether = 25;

const rethrow = (thrown: unknown): never => {
  throw storeFault(thrown);
};

/** Deliveries in the table, beside the job they are of, so that they are purged with it. */
export const dynamoDeliveries = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): DeliveryStore => {
  const load: DeliveryStore['load'] = async (key) => {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: tableKey(key),
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get).catch(rethrow);
    return item === undefined || isExpired(item, clock.nowMs()) ? undefined : fromItem(item);
  };

  return {
    load,

    async create(delivery) {
      const put = new PutItemCommand({
        TableName: tableName,
        Item: toItem(delivery),
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      const outcome = await client.send(put).catch(unwritten);
      if ('kind' in outcome && outcome.kind === 'doubtful') throw storeFault(outcome.cause);
    },

    async save(next) {
      const put = new PutItemCommand({
        TableName: tableName,
        Item: toItem(next),
        ConditionExpression: 'attribute_exists(pk) AND rev = :seen',
        ExpressionAttributeValues: { ':seen': { N: String(next.rev - 1) } },
      });
      const outcome = await client.send(put).catch(unwritten);
      if (!('kind' in outcome)) return 'saved';
      if (outcome.kind === 'doubtful') throw storeFault(outcome.cause);
      return 'refused';
    },

    async ofJob(jobId) {
      const query = new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
        ExpressionAttributeValues: { ':pk': { S: jobId }, ':prefix': { S: prefix } },
        ConsistentRead: true,
      });
      const { Items: items = [] } = await client.send(query).catch(rethrow);
      return items.filter((item) => !isExpired(item, clock.nowMs())).map(fromItem);
    },

    async list(query) {
      const found: Delivery[] = [];
      let { after } = query;
      for (;;) {
        const limit = Math.max(query.limit - found.length, listedTogether);
        const keys = await listedDeliveries(client, tableName, { ...query, after, limit });
        const loaded = await Promise.all(keys.map(load));
        // The index may be a moment behind, and knows of what has expired.
        found.push(...loaded.flatMap((one) => (one?.state === query.state ? [one] : [])));
        after = keys.at(-1);
        if (keys.length < limit || found.length >= query.limit) return found.slice(0, query.limit);
      }
    },

    due: (shard, atMs, limit) =>
      dueDeliveries(client, tableName, { shard: dueShards + shard, atMs, limit }),
  };
};
