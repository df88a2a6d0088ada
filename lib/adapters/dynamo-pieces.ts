import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
} from '@aws-sdk/client-dynamodb';
import { Fault } from '../errors.ts';
import type { EpochMs } from '../job/time.ts';
import { maxItemBytes } from '../limits.ts';
import { storeFault } from './dynamo-faults.ts';
import { ttlSeconds } from './dynamo-job-item.ts';
import { pack, unpack } from './pack.ts';

const pieceCount = (bytes: Uint8Array): number => Math.ceil(bytes.byteLength / maxItemBytes);

/** One value under `<prefix>#0`, `<prefix>#1` and so on, each within DynamoDB's item size. */
export const dynamoPieces = (client: DynamoDBClient, tableName: string) => {
  const keyOf = (pk: string, prefix: string, index: number) => ({
    pk: { S: pk },
    sk: { S: `${prefix}#${index}` },
  });
  const indexes = (count: number): number[] => Array.from({ length: count }, (_, index) => index);

  const getPiece = async (pk: string, prefix: string, index: number): Promise<Uint8Array> => {
    const { Item: item } = await client.send(
      new GetItemCommand({
        TableName: tableName,
        Key: keyOf(pk, prefix, index),
        ConsistentRead: true,
      }),
    );
    const bytes = item?.['body']?.B;
    if (bytes === undefined)
      throw new Fault('item_unreadable', 'A part of what was stored is missing.', {
        cause: new Error(`no item ${prefix}#${index}`),
      });
    return bytes;
  };

  /** All or a Fault; the first Fault does not end the calls under way. */
  const each = <T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> =>
    Promise.all(indexes(count).map(call)).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });

  const putEach = async (
    pk: string,
    prefix: string,
    bytes: Uint8Array,
    expiresAtMs: EpochMs,
  ): Promise<number> => {
    const count = pieceCount(bytes);
    await each(count, (index) =>
      client.send(
        new PutItemCommand({
          TableName: tableName,
          Item: {
            ...keyOf(pk, prefix, index),
            body: { B: bytes.subarray(index * maxItemBytes, (index + 1) * maxItemBytes) },
            expiresAtSeconds: { N: String(ttlSeconds(expiresAtMs)) },
          },
        }),
      ),
    );
    return count;
  };

  const drop = async (pk: string, prefix: string, count: number): Promise<void> => {
    await each(count, (index) =>
      client.send(new DeleteItemCommand({ TableName: tableName, Key: keyOf(pk, prefix, index) })),
    );
  };

  return {
    /** Returns how many pieces it took. Repeated, it writes the same bytes again. */
    put: async (pk: string, prefix: string, value: unknown, expiresAtMs: EpochMs) =>
      putEach(pk, prefix, await pack(value), expiresAtMs),

    /**
     * As `put`, for a value that is not written again when that fails: a piece that did get there is
     * dropped as far as possible.
     */
    async putOrDrop(pk: string, prefix: string, value: unknown, expiresAtMs: EpochMs) {
      const bytes = await pack(value);
      try {
        return await putEach(pk, prefix, bytes, expiresAtMs);
      } catch (thrown) {
        await drop(pk, prefix, pieceCount(bytes)).catch(() => undefined);
        throw thrown;
      }
    },

    /** Read strongly. Throws Fault `item_unreadable` when a piece is missing or damaged. */
    async get(pk: string, prefix: string, count: number): Promise<unknown> {
      const pieces = await each(count, (index) => getPiece(pk, prefix, index));
      return unpack(Buffer.concat(pieces));
    },

    /** Deletes everything in the partition but the job's own item. */
    async purge(pk: string): Promise<void> {
      let start: Record<string, AttributeValue> | undefined;
      try {
        do {
          const page = await client.send(
            new QueryCommand({
              TableName: tableName,
              KeyConditionExpression: 'pk = :pk',
              ExpressionAttributeValues: { ':pk': { S: pk } },
              ProjectionExpression: 'pk, sk',
              ConsistentRead: true,
              ExclusiveStartKey: start,
            }),
          );
          const keys = (page.Items ?? []).filter((key) => key['sk']?.S !== 'job');
          for (const key of keys) {
            await client.send(new DeleteItemCommand({ TableName: tableName, Key: key }));
          }
          start = page.LastEvaluatedKey;
        } while (start !== undefined);
      } catch (thrown) {
        throw storeFault(thrown);
      }
    },

    drop,
  };
};
