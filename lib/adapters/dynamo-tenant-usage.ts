import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import type { TenantUsage } from '../ports/tenants.ts';
import { storeFault } from './dynamo-faults.ts';
import { requestsOf, type TallyPlace, tenantPartition, tokensOf } from './dynamo-tenant-item.ts';

/** The counters that `dynamoTenantCounts` moves, read for half a read unit each. */
export const dynamoTenantUsage = (client: DynamoDBClient, tableName: string): TenantUsage => {
  const read = async ({ tenant, sk, field }: TallyPlace): Promise<number> => {
    const key = { pk: { S: tenantPartition(tenant) }, sk: { S: sk } };
    const get = new GetItemCommand({ TableName: tableName, Key: key });
    const { Item: item } = await client.send(get).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
    return Number(item?.[field]?.N ?? 0);
  };
  return {
    requests: (tenant, windowMs) => read(requestsOf(tenant, windowMs)),
    tokens: (tenant, day) => read(tokensOf(tenant, day)),
  };
};
