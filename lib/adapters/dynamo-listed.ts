import { type DynamoDBClient, paginateQuery } from '@aws-sdk/client-dynamodb';
import { storeFault } from './dynamo-faults.ts';
import { textIn } from './item-fields.ts';

/**
 * The partition keys of everything that the index `tenant` lists under a name, in their order. An
 * item of the last moments may be missing. Throws Fault `store_unavailable`.
 */
export const listedPartitions = async (
  client: DynamoDBClient,
  tableName: string,
  listTenant: string,
): Promise<readonly string[]> => {
  const pages = paginateQuery(
    { client },
    {
      TableName: tableName,
      IndexName: 'tenant',
      KeyConditionExpression: 'listTenant = :tenant',
      ExpressionAttributeValues: { ':tenant': { S: listTenant } },
    },
  );
  const partitions: string[] = [];
  try {
    for await (const { Items: entries = [] } of pages) {
      partitions.push(...entries.map((entry) => textIn({ pk: entry['pk']?.S }, 'pk')));
    }
  } catch (thrown) {
    throw storeFault(thrown);
  }
  return partitions;
};
