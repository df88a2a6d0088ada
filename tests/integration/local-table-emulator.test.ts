import { setImmediate as turn } from 'node:timers/promises';
import {
  CreateTableCommand,
  DynamoDBClient,
  QueryCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { expect, test } from 'vitest';
import { emulatorCredentials } from '../../local/emulators/emulator.ts';
import { startTableEmulator } from '../../local/emulators/table-emulator.ts';

const TableName = 'jobs';

/** Many queries, of which the first has been answered. */
const beginQueries = async (client: DynamoDBClient): Promise<readonly Promise<unknown>[]> => {
  await client.send(
    new CreateTableCommand({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'pk', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'pk', KeyType: 'HASH' }],
    }),
  );
  await waitUntilTableExists({ client, maxWaitTime: 30, minDelay: 0.01 }, { TableName });
  const queries = Array.from({ length: 60 }, (_, index) =>
    client.send(
      new QueryCommand({
        TableName,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `${index}` } },
      }),
    ),
  );
  await Promise.race(queries);
  return queries;
};

// An exception that nobody catches fails the run.
test('a table that is closed while it is asked answers or cuts off, and throws past nobody', async () => {
  for (let round = 0; round < 12; round += 1) {
    const emulator = await startTableEmulator({});
    const client = new DynamoDBClient({
      region: 'us-east-1',
      endpoint: emulator.endpoint,
      credentials: emulatorCredentials,
      maxAttempts: 1,
    });
    const ends = (await beginQueries(client)).map((query) => query.catch(() => 'cut off'));
    // At another point of their work each time.
    for (let turns = 0; turns < 3 * round; turns += 1) await turn();
    await emulator.close();
    expect(await Promise.all(ends)).toHaveLength(60);
    client.destroy();
  }
});
