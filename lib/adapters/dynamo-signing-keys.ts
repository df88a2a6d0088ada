import { randomBytes } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import type { SigningKeys } from '../ports/keys.ts';
import type { Clock } from '../ports/system.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { readSigningItem, type SigningItem, signingItemKey } from './dynamo-signing-item.ts';
import { remembered } from './remembered.ts';

const secretBytes = 32;
const freshMs = 5 * 60_000;

/** The one that signs, then the others. None has its time yet when two were made in a moment. */
const inOrder = ({ keys }: SigningItem, nowMs: number): readonly Uint8Array[] => {
  const signer = keys.find(({ signsFromMs = 0 }) => signsFromMs <= nowMs) ?? keys.at(-1);
  const others = keys.filter((key) => key !== signer);
  return [...(signer === undefined ? [] : [signer]), ...others].map(({ secret }) => secret);
};

/**
 * The keys that sign result URLs, 256 bits each, in one item of the table. Whoever finds none makes
 * one; of two that do so at once, both end with the first. While a rotation lasts the item holds two,
 * and the newer signs once every function has seen it. Throws Fault `store_unavailable` or
 * `item_unreadable`.
 */
export const dynamoSigningKeys = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): SigningKeys => {
  const read = () => readSigningItem(client, tableName);

  /** Whatever becomes of the write, the item then says which keys are in force. */
  const create = async (): Promise<unknown> => {
    const id = randomBytes(8).toString('hex');
    const secret = randomBytes(secretBytes);
    const put = new PutItemCommand({
      TableName: tableName,
      Item: marshall({ ...signingItemKey, keys: [{ id, secret, createdAtMs: clock.nowMs() }] }),
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    const outcome = await client.send(put).catch(unwritten);
    return 'kind' in outcome && outcome.kind === 'doubtful' ? outcome.cause : undefined;
  };

  const load = async (): Promise<SigningItem> => {
    const found = await read();
    if (found !== undefined) return found;
    const doubt = await create();
    const created = await read();
    if (created === undefined) throw storeFault(doubt);
    return created;
  };

  const item = remembered(load, freshMs, clock);
  return { current: async () => inOrder(await item(), clock.nowMs()) };
};
