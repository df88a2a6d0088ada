import {
  type DynamoDBClient,
  GetItemCommand,
  paginateQuery,
  QueryCommand,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import * as z from 'zod/mini';
import { after } from '../job/time.ts';
import { turnKey } from '../job/turn-key.ts';
import { tenantCountersTtlMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import type { TenantTurns } from '../ports/tenants.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { ttlSeconds } from './dynamo-job-item.ts';
import { listedPartitions } from './dynamo-listed.ts';
import { jobsTally, tenantOfPartition, tenantPartition } from './dynamo-tenant-item.ts';

const tallySchema = z.object({
  inFlight: z.optional(z.set(z.string())),
  live: z.optional(z.number()),
  drift: z.optional(z.number()),
  rev: z.optional(z.number()),
  jobless: z.optional(z.set(z.string())),
  joblessAtMs: z.optional(z.number()),
});

const keyOf = (tenant: string) => marshall({ pk: tenantPartition(tenant), sk: jobsTally.sk });
const fail = (thrown: unknown): never => {
  throw storeFault(thrown);
};

/**
 * A tenant's slots as a set of job ids in one item: to take or give back twice is the same as once, so
 * that no count can drift. At the highest limit, 500, the item has some 25 kB.
 */
export const dynamoTenantTurns = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): TenantTurns => {
  /** What the fields that it changed held before; undefined when it was refused. */
  const change = async (
    tenant: string,
    input: Pick<UpdateItemCommandInput, 'UpdateExpression' | 'ConditionExpression'>,
    values: Readonly<Record<string, unknown>>,
  ): Promise<z.infer<typeof tallySchema> | undefined> => {
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: keyOf(tenant),
      ...input,
      ExpressionAttributeValues: marshall(values),
      ReturnValues: 'UPDATED_OLD',
    });
    const outcome = await client.send(command).catch(unwritten);
    if (!('kind' in outcome)) return tallySchema.parse(unmarshall(outcome.Attributes ?? {}));
    if (outcome.kind === 'doubtful') throw storeFault(outcome.cause);
    return undefined;
  };

  const inLine = async (
    tenant: string,
    state: 'live' | 'waiting',
    limit: number,
  ): Promise<readonly string[]> => {
    const query = new QueryCommand({
      TableName: tableName,
      IndexName: 'turns',
      KeyConditionExpression: 'turn = :turn',
      ExpressionAttributeValues: marshall({ ':turn': turnKey(tenant, state) }),
      Limit: limit,
    });
    const { Items: items = [] } = await client.send(query).catch(fail);
    return items.flatMap(({ pk }) => (pk?.S === undefined ? [] : [pk.S]));
  };

  const expires = () => ttlSeconds(after(clock.nowMs(), tenantCountersTtlMs));

  return {
    async takeSlot(tenant, jobId, limit) {
      const before = await change(
        tenant,
        {
          UpdateExpression:
            'SET expiresAtSeconds = :expires, listTenant = :list ADD inFlight :ids, rev :one DELETE jobless :ids',
          ...(limit === undefined
            ? {}
            : {
                ConditionExpression:
                  'attribute_not_exists(inFlight) OR size(inFlight) < :limit OR contains(inFlight, :id)',
              }),
        },
        {
          ':ids': new Set([jobId]),
          ...(limit === undefined ? {} : { ':limit': limit, ':id': jobId }),
          ':one': 1,
          ':expires': expires(),
          ':list': jobsTally.listed,
        },
      );
      if (before === undefined) return 'full';
      return before.inFlight?.has(jobId) ? 'held' : 'taken';
    },

    async giveSlotBack(tenant, jobId) {
      await change(
        tenant,
        {
          UpdateExpression: 'DELETE inFlight :ids',
          ConditionExpression: 'contains(inFlight, :id)',
        },
        { ':ids': new Set([jobId]), ':id': jobId },
      );
    },

    async reclaim(tenant, jobIds, seenRev) {
      const before = await change(
        tenant,
        { UpdateExpression: 'DELETE inFlight :ids', ConditionExpression: 'rev = :seen' },
        { ':ids': new Set(jobIds), ':seen': seenRev },
      );
      return before === undefined ? 'refused' : 'done';
    },

    async noteMissing(tenant, jobIds, atMs) {
      const isNone = jobIds.length === 0;
      await change(
        tenant,
        {
          UpdateExpression: isNone
            ? 'REMOVE jobless, joblessAtMs'
            : 'SET jobless = :ids, joblessAtMs = :at',
          ConditionExpression: 'rev >= :none',
        },
        { ':none': 0, ...(isNone ? {} : { ':ids': new Set(jobIds), ':at': atMs }) },
      );
    },

    async correct(tenant, correction, drift) {
      await change(
        tenant,
        {
          UpdateExpression: 'SET drift = :drift ADD live :correction',
          ConditionExpression: 'attribute_exists(live)',
        },
        { ':drift': drift, ':correction': correction },
      );
    },

    async find(tenant) {
      const get = new GetItemCommand({
        TableName: tableName,
        Key: keyOf(tenant),
        ConsistentRead: true,
      });
      const { Item: item } = await client.send(get).catch(fail);
      const { inFlight, live, drift, rev, jobless, joblessAtMs } = tallySchema.parse(
        item === undefined ? {} : unmarshall(item),
      );
      return {
        inFlight: [...(inFlight ?? [])],
        live,
        drift: drift ?? 0,
        rev: rev ?? 0,
        missing:
          joblessAtMs === undefined ? undefined : { ids: [...(jobless ?? [])], atMs: joblessAtMs },
      };
    },

    waiting: (tenant, limit) => inLine(tenant, 'waiting', limit),
    begun: (tenant, limit) => inLine(tenant, 'live', limit),

    async countLive(tenant) {
      let counted = 0;
      for (const state of ['waiting', 'live'] as const) {
        const pages = paginateQuery(
          { client },
          {
            TableName: tableName,
            IndexName: 'turns',
            KeyConditionExpression: 'turn = :turn',
            ExpressionAttributeValues: marshall({ ':turn': turnKey(tenant, state) }),
            Select: 'COUNT',
          },
        );
        try {
          for await (const { Count: count = 0 } of pages) counted += count;
        } catch (thrown) {
          fail(thrown);
        }
      }
      return counted;
    },

    async tenants() {
      const partitions = await listedPartitions(client, tableName, jobsTally.listed);
      return partitions.flatMap((pk) => tenantOfPartition(pk) ?? []);
    },
  };
};
