import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { epochMs } from '../job/time.ts';
import type { IdempotencyKeys, KeyRecord } from '../ports/idempotency-keys.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { type Item, ttlSeconds } from './dynamo-job-item.ts';

const recordSchema = z.object({
  jobId: z.string(),
  fingerprint: z.string(),
  expiresAtMs: z.pipe(z.int(), z.transform(epochMs)),
});

/** A tenant's name has no `#`. */
const tableKey = (tenant: string, keyHash: string): Item => ({
  pk: { S: `IDEM#${tenant}#${keyHash}` },
  sk: { S: 'key' },
});

/** Idempotency keys in the table, each in a partition of its own. */
export const dynamoIdempotencyKeys = (
  client: DynamoDBClient,
  tableName: string,
): IdempotencyKeys => {
  const read = async (key: Item): Promise<KeyRecord | undefined> => {
    const get = new GetItemCommand({ TableName: tableName, Key: key, ConsistentRead: true });
    const { Item: item } = await client.send(get).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
    if (item === undefined) return undefined;
    const parsed = recordSchema.safeParse(unmarshall(item));
    if (!parsed.success)
      throw new Fault('item_unreadable', 'The record of an idempotency key cannot be read.');
    return parsed.data;
  };

  return {
    async find(tenant, keyHash, nowMs) {
      const found = await read(tableKey(tenant, keyHash));
      return found !== undefined && found.expiresAtMs > nowMs ? found : undefined;
    },

    async reserve(tenant, keyHash, record, nowMs) {
      const key = tableKey(tenant, keyHash);
      const put = new PutItemCommand({
        TableName: tableName,
        Item: {
          ...key,
          ...marshall({ ...record, expiresAtSeconds: ttlSeconds(record.expiresAtMs) }),
        },
        ConditionExpression: 'attribute_not_exists(pk) OR expiresAtMs <= :now',
        ExpressionAttributeValues: { ':now': { N: String(nowMs) } },
      });
      const outcome = await client.send(put).catch(unwritten);
      if (!('kind' in outcome)) return record;
      // Refused, it is there, and may be our own: the SDK repeats a put that was not answered.
      const found = await read(key);
      if (found !== undefined && found.expiresAtMs > nowMs) return found;
      throw storeFault('cause' in outcome ? outcome.cause : undefined);
    },

    async release(tenant, keyHash, jobId) {
      const deletion = new DeleteItemCommand({
        TableName: tableName,
        Key: tableKey(tenant, keyHash),
        ConditionExpression: 'jobId = :id',
        ExpressionAttributeValues: { ':id': { S: jobId } },
      });
      const outcome = await client.send(deletion).catch(unwritten);
      if ('kind' in outcome && outcome.kind === 'doubtful') throw storeFault(outcome.cause);
    },
  };
};
