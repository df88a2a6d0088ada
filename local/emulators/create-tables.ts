import { isDeepStrictEqual } from 'node:util';
import {
  CreateTableCommand,
  DescribeTableCommand,
  DynamoDBClient,
  ListTablesCommand,
  waitUntilTableExists,
} from '@aws-sdk/client-dynamodb';
import { StartFault } from '../start-fault.ts';
import type { TemplateTable } from '../template/tables.ts';
import { type Emulator, emulatorCredentials } from './emulator.ts';

/**
 * Creates the tables that are not there yet, and resolves when all can be used. Those on disk are
 * kept; one whose keys are not those of the template is a `StartFault`.
 */
export async function createTables(
  emulator: Emulator,
  region: string,
  tables: readonly TemplateTable[],
): Promise<void> {
  const client = new DynamoDBClient({
    endpoint: emulator.endpoint,
    region,
    credentials: emulatorCredentials,
  });
  try {
    const { TableNames: existing = [] } = await client.send(new ListTablesCommand({}));
    for (const table of tables) {
      if (existing.includes(table.name)) await assertSameKeys(client, table);
      else await createTable(client, table);
    }
    // A new table is being created for a moment, however short.
    const waiting = { client, maxWaitTime: 10, minDelay: 0.02, maxDelay: 0.2 };
    await Promise.all(tables.map(({ name }) => waitUntilTableExists(waiting, { TableName: name })));
  } finally {
    client.destroy();
  }
}

async function createTable(
  client: DynamoDBClient,
  { name, AttributeDefinitions, KeySchema, GlobalSecondaryIndexes }: TemplateTable,
): Promise<void> {
  const command = new CreateTableCommand({
    TableName: name,
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions,
    KeySchema,
    GlobalSecondaryIndexes,
  });
  await client.send(command);
}

async function assertSameKeys(client: DynamoDBClient, table: TemplateTable): Promise<void> {
  const { Table } = await client.send(new DescribeTableCommand({ TableName: table.name }));
  if (isDeepStrictEqual(keysOf(Table ?? {}), keysOf(table))) return;
  throw new StartFault(
    `The table ${table.name} on disk was made by another version of Outlast: start once with --fresh, which forgets its jobs, or with --data DIR`,
  );
}

type Keys = { AttributeName?: string | undefined; KeyType?: string | undefined }[] | undefined;

/** The keys of a table and of its indexes, in one order. */
function keysOf(table: {
  KeySchema?: Keys;
  GlobalSecondaryIndexes?: { IndexName?: string | undefined; KeySchema?: Keys }[] | undefined;
}): string[] {
  const indexes = table.GlobalSecondaryIndexes ?? [];
  return [{ IndexName: '', KeySchema: table.KeySchema }, ...indexes]
    .flatMap(({ IndexName, KeySchema = [] }) =>
      KeySchema.map(({ AttributeName, KeyType }) => `${IndexName}/${KeyType}/${AttributeName}`),
    )
    .sort();
}
