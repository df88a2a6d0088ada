import {
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { Fault } from '../errors.ts';
import type { ApiKey, ApiKeyStore } from '../ports/keys.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { listedPartitions } from './dynamo-listed.ts';
import { instantIn, optionalInstantIn, textIn, textsIn } from './item-fields.ts';

/** Throws Fault `item_unreadable`. */
const parseApiKey = (item: Readonly<Record<string, unknown>>): ApiKey => {
  try {
    return {
      id: textIn(item, 'keyId'),
      tenant: textIn(item, 'tenant'),
      scopes: textsIn(item, 'scopes'),
      createdAtMs: instantIn(item, 'createdAtMs'),
      expiresAtMs: optionalInstantIn(item, 'expiresAtMs'),
      revokedAtMs: optionalInstantIn(item, 'revokedAtMs'),
    };
  } catch (cause) {
    throw new Fault('item_unreadable', 'An API key cannot be read.', { cause });
  }
};

const tableKey = (pk: string) => ({ pk: { S: pk }, sk: { S: 'key' } });
const partition = (secretHash: string): string => `KEY#${secretHash}`;
/** In the index that holds a tenant's jobs under its name; a name has no `#`. */
const listPartition = (tenant: string): string => `KEYS#${tenant}`;

/**
 * API keys in the table, under the SHA-256 (hex) of their secret, and in the index `tenant`. Reads by
 * hash are consistent: the gateway keeps an answer for a minute, so a stale one would add to that.
 */
export const dynamoApiKeys = (client: DynamoDBClient, tableName: string): ApiKeyStore => {
  const read = async (pk: string): Promise<ApiKey | undefined> => {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: tableKey(pk),
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
    return item === undefined ? undefined : parseApiKey(unmarshall(item));
  };

  const keysOf = async (tenant: string) => {
    const partitions = await listedPartitions(client, tableName, listPartition(tenant));
    const found = await Promise.all(
      partitions.map(async (pk) => {
        const key = await read(pk);
        return key === undefined ? [] : [{ pk, key }];
      }),
    );
    return found.flat();
  };

  return {
    find: (secretHash) => read(partition(secretHash)),

    async create({ id, ...fields }, secretHash) {
      const pk = partition(secretHash);
      const put = new PutItemCommand({
        TableName: tableName,
        Item: marshall(
          { ...fields, pk, sk: 'key', keyId: id, listTenant: listPartition(fields.tenant) },
          { removeUndefinedValues: true },
        ),
        ConditionExpression: 'attribute_not_exists(pk)',
      });
      const outcome = await client.send(put).catch(unwritten);
      if (!('kind' in outcome)) return;
      // Refused: an earlier try of the SDK landed, or, once in 2²⁵⁶, it is another's secret.
      const there = await read(pk);
      if (there?.id !== id) throw storeFault('cause' in outcome ? outcome.cause : undefined);
    },

    async list(tenant) {
      const keys = (await keysOf(tenant)).map(({ key }) => key);
      return keys.sort((a, b) => a.createdAtMs - b.createdAtMs || a.id.localeCompare(b.id));
    },

    async revoke(tenant, keyId, atMs) {
      const entry = (await keysOf(tenant)).find(({ key }) => key.id === keyId);
      if (entry === undefined || entry.key.revokedAtMs !== undefined) return entry?.key;
      const update = new UpdateItemCommand({
        TableName: tableName,
        Key: tableKey(entry.pk),
        UpdateExpression: 'SET revokedAtMs = :at',
        ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(revokedAtMs)',
        ExpressionAttributeValues: { ':at': { N: String(atMs) } },
      });
      const outcome = await client.send(update).catch(unwritten);
      const after = await read(entry.pk);
      if (after !== undefined && after.revokedAtMs === undefined) {
        throw storeFault('cause' in outcome ? outcome.cause : undefined);
      }
      return after;
    },
  };
};
