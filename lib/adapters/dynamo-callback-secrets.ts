import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import type { CallbackSecret, CallbackSecrets } from '../ports/callbacks.ts';
import { callbackKeysSchema, saveRev } from './dynamo-callback-keys.ts';
import { storeFault } from './dynamo-faults.ts';
import type { Item } from './dynamo-job-item.ts';

const secretSchema = z.object({
  tenant: z.string(),
  keys: callbackKeysSchema,
  rev: z.int(),
});

/** Not below the endpoints' prefix, `callback#`. */
const tableKey = (tenant: string): Item => ({
  pk: { S: `TENANT#${tenant}` },
  sk: { S: 'callback-secret' },
});

/** A tenant's default secret, beside its limits. */
export const dynamoCallbackSecrets = (
  client: DynamoDBClient,
  tableName: string,
): CallbackSecrets => ({
  async find(tenant) {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: tableKey(tenant),
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
    if (item === undefined) return undefined;
    const parsed = secretSchema.safeParse(unmarshall(item));
    if (parsed.success) return parsed.data;
    throw new Fault('item_unreadable', 'The callback secret of a tenant cannot be read.');
  },

  save: (next: CallbackSecret) =>
    saveRev(
      client,
      tableName,
      { ...marshall(next, { removeUndefinedValues: true }), ...tableKey(next.tenant) },
      next.rev,
    ),
});
