import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  paginateQuery,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { epochMs } from '../job/time.ts';
import type { CallbackEndpoint, CallbackEndpoints } from '../ports/callbacks.ts';
import { callbackKeysSchema, saveRev } from './dynamo-callback-keys.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import type { Item } from './dynamo-job-item.ts';

const instant = z.pipe(z.int(), z.transform(epochMs));

const endpointSchema = z.object({
  id: z.string(),
  tenant: z.string(),
  url: z.string(),
  events: z.optional(z.array(z.string())),
  createdAtMs: instant,
  keys: callbackKeysSchema,
  rev: z.int(),
  failingSinceMs: z.optional(instant),
  disabled: z.optional(z.enum(['gone', 'failing'])),
});

const prefix = 'callback#';
const partition = (tenant: string): string => `TENANT#${tenant}`;
const tableKey = (tenant: string, id: string): Item => ({
  pk: { S: partition(tenant) },
  sk: { S: `${prefix}${id}` },
});

const fromItem = (item: Item): CallbackEndpoint => {
  const parsed = endpointSchema.safeParse(unmarshall(item));
  if (parsed.success) return parsed.data;
  throw new Fault('item_unreadable', 'A callback endpoint cannot be read.');
};

const toItem = (endpoint: CallbackEndpoint): Item => ({
  ...marshall(endpoint, { removeUndefinedValues: true }),
  ...tableKey(endpoint.tenant, endpoint.id),
});

/** A tenant's endpoints, beside its limits. */
export const dynamoCallbackEndpoints = (
  client: DynamoDBClient,
  tableName: string,
): CallbackEndpoints => {
  const rethrow = (thrown: unknown): never => {
    throw storeFault(thrown);
  };

  const find: CallbackEndpoints['find'] = async (tenant, id) => {
    const Key = tableKey(tenant, id);
    const get = new GetItemCommand({ TableName: tableName, Key, ConsistentRead: true });
    const { Item: item } = await client.send(get).catch(rethrow);
    return item === undefined ? undefined : fromItem(item);
  };

  return {
    find,

    async list(tenant) {
      const pages = paginateQuery(
        { client },
        {
          TableName: tableName,
          KeyConditionExpression: 'pk = :pk AND begins_with(sk, :prefix)',
          ExpressionAttributeValues: {
            ':pk': { S: partition(tenant) },
            ':prefix': { S: prefix },
          },
          ConsistentRead: true,
        },
      );
      const items: Item[] = [];
      try {
        for await (const page of pages) items.push(...(page.Items ?? []));
      } catch (thrown) {
        throw storeFault(thrown);
      }
      return items.map(fromItem);
    },

    async create(endpoint) {
      const put = new PutItemCommand({
        TableName: tableName,
        Item: toItem(endpoint),
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      const outcome = await client.send(put).catch(unwritten);
      // Refused, an earlier try of the SDK's landed: its id is nobody else's.
      if ('kind' in outcome && outcome.kind === 'doubtful') throw storeFault(outcome.cause);
    },

    save: (next) => saveRev(client, tableName, toItem(next), next.rev),

    async remove(tenant, id) {
      const removal = new DeleteItemCommand({ TableName: tableName, Key: tableKey(tenant, id) });
      await client.send(removal).catch(rethrow);
    },
  };
};
