import type { DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { dynamoApiKeys } from '../adapters/dynamo-api-keys.ts';
import { dynamoCallbackSecrets } from '../adapters/dynamo-callback-secrets.ts';
import { dynamoClient } from '../adapters/dynamo-client.ts';
import { dynamoSigningRotation } from '../adapters/dynamo-signing-rotation.ts';
import { dynamoTenants } from '../adapters/dynamo-tenants.ts';
import { systemClock } from '../adapters/system-clock.ts';
import { systemIds } from '../adapters/system-ids.ts';

export type KeyTable = {
  readonly tableName: string;
  readonly client: Pick<DynamoDBClientConfig, 'region' | 'endpoint' | 'credentials'>;
};

/** What the operation of keys and tenants needs, on a table named by whoever runs it. */
export const composeKeys = ({ tableName, client }: KeyTable) => {
  const clock = systemClock();
  const table = dynamoClient(client);
  return {
    apiKeys: dynamoApiKeys(table, tableName),
    tenants: dynamoTenants(table, tableName),
    signingKeyRotation: dynamoSigningRotation(table, tableName, clock),
    callbackSecrets: dynamoCallbackSecrets(table, tableName),
    clock,
    ids: systemIds(),
  };
};
