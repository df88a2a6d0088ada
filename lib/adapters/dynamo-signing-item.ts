import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { storeFault } from './dynamo-faults.ts';

const secretBytes = 32;

export const signingItemKey = { pk: 'SIGNING#result-url', sk: 'keys' } as const;

const itemSchema = z.object({
  /** Rotations so far: of two that saw the same number, one is refused. */
  rotations: z._default(z.int(), 0),
  keys: z
    .array(
      z.object({
        id: z.string(),
        secret: z
          .instanceof(Uint8Array)
          .check(z.refine((secret) => secret.byteLength === secretBytes)),
        createdAtMs: z.int(),
        /** Absent on a key that signed as soon as it was made. */
        signsFromMs: z.optional(z.int()),
      }),
    )
    .check(z.minLength(1)),
});

export type SigningItem = z.infer<typeof itemSchema>;

/** The keys in force, the newest first; undefined before the first. Consistent. */
export const readSigningItem = async (
  client: DynamoDBClient,
  tableName: string,
): Promise<SigningItem | undefined> => {
  const get = new GetItemCommand({
    TableName: tableName,
    Key: marshall(signingItemKey),
    ConsistentRead: true,
  });
  const { Item: item } = await client.send(get).catch((thrown: unknown) => {
    throw storeFault(thrown);
  });
  if (item === undefined) return undefined;
  const parsed = itemSchema.safeParse(unmarshall(item));
  if (parsed.success) return parsed.data;
  throw new Fault('item_unreadable', 'The signing keys in the table cannot be read.');
};
