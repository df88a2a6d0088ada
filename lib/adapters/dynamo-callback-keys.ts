import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { epochMs } from '../job/time.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import type { Item } from './dynamo-job-item.ts';

const instant = z.pipe(z.int(), z.transform(epochMs));

/** Keys have to be kept as they are, since they sign; the table encrypts what it stores. */
export const callbackKeysSchema = z
  .array(
    z.object({
      key: z.instanceof(Uint8Array),
      createdAtMs: instant,
      expiresAtMs: z.optional(instant),
    }),
  )
  .check(z.minLength(1));

/**
 * Puts an item in place of the one whose `rev` was one less; with `rev` 1, if there is none. Throws
 * Fault `store_unavailable` when no answer came; the item then may be there or not.
 */
export const saveRev = async (
  client: DynamoDBClient,
  tableName: string,
  item: Item,
  rev: number,
): Promise<'saved' | 'refused'> => {
  const put = new PutItemCommand({
    TableName: tableName,
    Item: item,
    ...(rev === 1
      ? { ConditionExpression: 'attribute_not_exists(pk)' }
      : {
          ConditionExpression: 'attribute_exists(pk) AND rev = :seen',
          ExpressionAttributeValues: { ':seen': { N: String(rev - 1) } },
        }),
  });
  const outcome = await client.send(put).catch(unwritten);
  if (!('kind' in outcome)) return 'saved';
  if (outcome.kind === 'doubtful') throw storeFault(outcome.cause);
  return 'refused';
};
