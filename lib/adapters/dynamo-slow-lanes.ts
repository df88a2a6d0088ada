import { type DynamoDBClient, GetItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { epochMs } from '../job/time.ts';
import type { SlowLanes } from '../ports/callbacks.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { type Item, ttlSeconds } from './dynamo-job-item.ts';
import { tenantPartition } from './dynamo-tenant-item.ts';

const slowKey = (tenant: string): Item => ({
  pk: { S: tenantPartition(tenant) },
  sk: { S: 'slow' },
});
const laneKey = (lane: number): Item => ({ pk: { S: `SLOW_LANE#${lane}` }, sk: { S: 'lane' } });

const numberIn = (item: Item | undefined, field: string): number => Number(item?.[field]?.N ?? 0);

/** Slow tenants and lanes in the table, an item each. */
export const dynamoSlowLanes = (client: DynamoDBClient, tableName: string): SlowLanes => {
  /** False when the condition does not hold. */
  const update = async (
    key: Item,
    expression: string,
    values: Item,
    condition?: string,
  ): Promise<boolean> => {
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: key,
      UpdateExpression: expression,
      ...(condition === undefined ? {} : { ConditionExpression: condition }),
      ExpressionAttributeValues: values,
    });
    const outcome = await client.send(command).catch(unwritten);
    if (!('kind' in outcome)) return true;
    if (outcome.kind === 'doubtful') throw storeFault(outcome.cause);
    return false;
  };

  return {
    async isSlow(tenant, nowMs) {
      const get = new GetItemCommand({ TableName: tableName, Key: slowKey(tenant) });
      const { Item: item } = await client.send(get).catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
      return numberIn(item, 'slowUntilMs') > nowMs;
    },

    async mark(tenant, untilMs) {
      await update(slowKey(tenant), 'SET slowUntilMs = :until, expiresAtSeconds = :expires', {
        ':until': { N: String(untilMs) },
        ':expires': { N: String(ttlSeconds(untilMs)) },
      });
    },

    async enter(lane, sandbox, { nowMs, untilMs }) {
      const isIn = await update(
        laneKey(lane),
        'SET sandbox = :sandbox, heldUntilMs = :until, expiresAtSeconds = :expires',
        {
          ':sandbox': { S: sandbox },
          ':until': { N: String(untilMs) },
          ':expires': { N: String(ttlSeconds(untilMs)) },
          ':now': { N: String(nowMs) },
        },
        'attribute_not_exists(pk) OR heldUntilMs <= :now OR sandbox = :sandbox',
      );
      return isIn ? 'entered' : 'taken';
    },

    async leave(lane, sandbox) {
      await update(
        laneKey(lane),
        'SET heldUntilMs = :never',
        { ':sandbox': { S: sandbox }, ':never': { N: String(epochMs(0)) } },
        'sandbox = :sandbox',
      );
    },
  };
};
