import {
  type DynamoDBClient,
  GetItemCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { after } from '../job/time.ts';
import { tenantCountersTtlMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import type { Counted, TenantCounts } from '../ports/tenants.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { ttlSeconds } from './dynamo-job-item.ts';
import {
  jobsTally,
  requestsOf,
  type TallyPlace,
  tenantPartition,
  tokensOf,
} from './dynamo-tenant-item.ts';

/** Two minutes: the window, and clocks that disagree. */
const windowTtlMs = 2 * 60_000;

/**
 * Counters of tenants in the table, each a number that one update moves, on the condition that it
 * stays within the limit. `once` is a client that repeats nothing: what is added by it is added at
 * most once.
 */
export const dynamoTenantCounts = (
  { client, once }: { readonly client: DynamoDBClient; readonly once: DynamoDBClient },
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): TenantCounts => {
  const update = (
    { tenant, sk, field }: TallyPlace,
    amount: number,
    ttlMs: number,
  ): UpdateItemCommandInput => ({
    TableName: tableName,
    Key: marshall({ pk: tenantPartition(tenant), sk }),
    UpdateExpression:
      'SET expiresAtSeconds = :expires' +
      (sk === jobsTally.sk ? ', listTenant = :list' : '') +
      ' ADD #field :amount',
    ExpressionAttributeNames: { '#field': field },
    ExpressionAttributeValues: marshall({
      ':amount': amount,
      ':expires': ttlSeconds(after(clock.nowMs(), ttlMs)),
      ...(sk === jobsTally.sk ? { ':list': jobsTally.listed } : {}),
    }),
    ReturnValues: 'UPDATED_NEW',
  });

  const stand = async ({ tenant, sk, field }: TallyPlace): Promise<number> => {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: marshall({ pk: tenantPartition(tenant), sk }),
      ConsistentRead: true,
    });
    const { Item: item } = await client.send(get);
    return Number(item?.[field]?.N ?? 0);
  };

  const count = async (
    place: TallyPlace,
    amount: number,
    limit: number,
    ttlMs = tenantCountersTtlMs,
  ): Promise<Counted> => {
    const adding = update(place, amount, ttlMs);
    const command = new UpdateItemCommand({
      ...adding,
      ConditionExpression: 'attribute_not_exists(#field) OR #field <= :most',
      ExpressionAttributeValues: {
        ...adding.ExpressionAttributeValues,
        ...marshall({ ':most': limit - amount }),
      },
    });
    const outcome = await client.send(command).catch(unwritten);
    if (!('kind' in outcome)) {
      return { kind: 'counted', used: Number(outcome.Attributes?.[place.field]?.N ?? amount) };
    }
    if (outcome.kind === 'doubtful') throw storeFault(outcome.cause);
    return { kind: 'over', used: limit };
  };

  const add = async (place: TallyPlace, amount: number): Promise<void> => {
    await once.send(new UpdateItemCommand(update(place, amount, tenantCountersTtlMs))).catch(fail);
  };

  const ofJobs = (tenant: string): TallyPlace => ({ tenant, sk: jobsTally.sk, field: 'live' });

  return {
    countRequest: (tenant, windowMs, limit) =>
      count(requestsOf(tenant, windowMs), 1, limit, windowTtlMs),
    async reserveTokens(tenant, day, tokens, limit) {
      const place = tokensOf(tenant, day);
      // A first reservation has nothing to compare with.
      const isTooMuch = tokens > limit;
      const counted = isTooMuch ? undefined : await count(place, tokens, limit);
      return counted?.kind === 'counted'
        ? counted
        : { kind: 'over', used: await stand(place).catch(fail) };
    },
    settleTokens: (tenant, day, tokens) => add(tokensOf(tenant, day), tokens),
    countJob: (tenant, limit) => count(ofJobs(tenant), 1, limit),
    uncountJob: (tenant) => add(ofJobs(tenant), -1),
  };
};

const fail = (thrown: unknown): never => {
  throw storeFault(thrown);
};
