import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { dynamoApiKeys } from '../adapters/dynamo-api-keys.ts';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemIds } from '../adapters/system-ids.ts';

export type KeyTable = {
  readonly tableName: string;
  readonly client: Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials'>;
};

/** What the operation of API keys needs, on a table named by whoever runs it. */
export const composeKeys = ({ tableName, client }: KeyTable) => ({
  apiKeys: dynamoApiKeys(dynamoClient(client), tableName),
  clock: systemClock(),
  ids: systemIds(),
});
