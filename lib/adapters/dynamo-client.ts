import { DynamoDBClient, type DynamoDBClientConfig } from '@aws-sdk/client-dynamodb';
import { awsTransport } from './aws-transport.ts';

/** Region, credentials and endpoint come from the environment, as the SDK reads it, unless given. */
export const dynamoClient = (config: DynamoDBClientConfig = {}): DynamoDBClient =>
  new DynamoDBClient({ ...awsTransport, ...config });
