import { randomBytes } from 'node:crypto';
import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import type { Clock, SigningKeys } from '../ports.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { remembered } from './remembered.ts';

const secretBytes = 32;
const freshMs = 5 * 60_000;
const key = { pk: 'SIGNING#result-url', sk: 'keys' } as const;

const keysSchema = z.object({
  keys: z
    .array(
      z.object({
        secret: z
          .instanceof(Uint8Array)
          .check(z.refine((secret) => secret.byteLength === secretBytes)),
      }),
    )
    .check(z.minLength(1)),
});

/**
 * The keys that sign result URLs, 256 bits each, in one item of the table. Whoever finds none makes
 * one; of two that do so at once, both end with the first. While a rotation lasts the item holds two,
 * the newer first. Throws Fault `store_unavailable` or `item_unreadable`.
 */
export const dynamoSigningKeys = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): SigningKeys => {
  const read = async (): Promise<readonly Uint8Array[] | undefined> => {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: marshall(key),
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
    if (item === undefined) return undefined;
    const parsed = keysSchema.safeParse(unmarshall(item));
    if (!parsed.success)
      throw new Fault('item_unreadable', 'The signing keys in the table cannot be read.');
    return parsed.data.keys.map(({ secret }) => secret);
  };

  /** Whatever becomes of the write, the item then says which keys are in force. */
  const create = async (): Promise<unknown> => {
    const id = randomBytes(8).toString('hex');
    const secret = randomBytes(secretBytes);
    const put = new PutItemCommand({
      TableName: tableName,
      Item: marshall({ ...key, keys: [{ id, secret, createdAtMs: clock.nowMs() }] }),
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    const outcome = await client.send(put).catch(unwritten);
    return 'kind' in outcome && outcome.kind === 'doubtful' ? outcome.cause : undefined;
  };

  const load = async (): Promise<readonly Uint8Array[]> => {
    const found = await read();
    if (found !== undefined) return found;
    const doubt = await create();
    const created = await read();
    if (created === undefined) throw storeFault(doubt);
    return created;
  };

  return { current: remembered(load, freshMs, clock) };
};
