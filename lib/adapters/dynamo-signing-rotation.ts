import { randomBytes } from 'node:crypto';
import { type DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { Fault } from '../errors.ts';
import { after, type EpochMs, epochMs } from '../job/time.ts';
import type { Rotation, SigningKeyRotation } from '../ports/keys.ts';
import type { Clock } from '../ports/system.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { readSigningItem, type SigningItem, signingItemKey } from './dynamo-signing-item.ts';

/** Functions look at the keys every five minutes, a failed look is repeated; and clocks differ. */
const settleMs = 10 * 60_000;

const madeAt = (key: SigningItem['keys'][number] | undefined): EpochMs | undefined =>
  key === undefined ? undefined : epochMs(key.createdAtMs);

const unchangedSince = (before: SigningItem | undefined) => {
  if (before === undefined) return { ConditionExpression: 'attribute_not_exists(pk)' };
  if (before.rotations === 0)
    return { ConditionExpression: 'attribute_exists(pk) AND attribute_not_exists(rotations)' };
  return {
    ConditionExpression: 'rotations = :seen',
    ExpressionAttributeValues: marshall({ ':seen': before.rotations }),
  };
};

/**
 * Puts a new key before the one that signs result URLs, which goes on verifying; a third is dropped.
 * The new key verifies at once and signs from ten minutes later, when no function is without it.
 */
export const dynamoSigningRotation = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): SigningKeyRotation => ({
  async rotate(): Promise<Rotation> {
    const before = await readSigningItem(client, tableName);
    const [newest, ...older] = before?.keys ?? [];
    const nowMs = clock.nowMs();
    // The first key of all signs at once: there is no other.
    const signsFromMs = newest === undefined ? nowMs : after(nowMs, settleMs);
    const id = randomBytes(8).toString('hex');
    const key = { id, secret: randomBytes(32), createdAtMs: nowMs, signsFromMs };
    const rotations = (before?.rotations ?? 0) + 1;
    const keys = newest === undefined ? [key] : [key, newest];
    const put = new PutItemCommand({
      TableName: tableName,
      Item: marshall({ ...signingItemKey, rotations, keys }),
      ...unchangedSince(before),
    });
    const outcome = await client.send(put).catch(unwritten);
    if ('kind' in outcome) {
      const now = await readSigningItem(client, tableName);
      if (now?.keys.every((there) => there.id !== id) !== false) {
        throw outcome.kind === 'doubtful'
          ? storeFault(outcome.cause)
          : new Fault('store_unavailable', 'Another rotation came between: nothing was changed.');
      }
    }
    return { signsFromMs, keptFromMs: madeAt(newest), droppedFromMs: madeAt(older[0]) };
  },
});
