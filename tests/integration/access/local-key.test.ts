import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { PutItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { hashApiKey } from '../../../lib/wire/api-key.ts';
import { startTable, type TableEmulator } from '../../fixtures/emulators.ts';

const localKey = 'sk-outlast-local';

let table: TableEmulator;
beforeAll(async () => {
  table = await startTable();
  const item = {
    pk: `KEY#${hashApiKey(localKey)}`,
    sk: 'key',
    keyId: 'key_smuggled',
    tenant: 'acme',
    scopes: ['generate', 'read', 'admin'],
    createdAtMs: 1,
  };
  await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: marshall(item) }));
});
afterAll(() => table.close());

const program = `
  const { handler } = await import('./functions/authorize.ts');
  const methodArn = 'arn:aws:execute-api:us-east-1:000000000000:api/prod/POST/generate';
  const answer = await handler({ type: 'TOKEN', authorizationToken: 'Bearer ${localKey}', methodArn });
  console.log(JSON.stringify(answer));
`;

/** The function's own answer, in a process that has its environment and no more. */
const answerWith = async (environment: Record<string, string>): Promise<unknown> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--input-type=module', '--eval', program],
    {
      env: {
        TABLE_NAME: table.tableName,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'test',
        AWS_SECRET_ACCESS_KEY: 'test',
        AWS_ENDPOINT_URL_DYNAMODB: table.endpoint,
        ...environment,
      },
    },
  );
  return JSON.parse(stdout);
};

test.each([{}, { LOCAL_API_KEY: '' }, { LOCAL_API_KEY: ' ' }])(
  'the deployed function denies the local key although the table knows its hash: %j',
  async (environment) => {
    expect(await answerWith(environment)).toMatchObject({
      principalId: 'unknown',
      policyDocument: { Statement: [{ Effect: 'Deny' }] },
    });
  },
);

test('where the local runtime sets it, it opens the tenant local and no other', async () => {
  expect(await answerWith({ LOCAL_API_KEY: localKey })).toMatchObject({
    principalId: 'local',
    context: { tenant: 'local', keyId: 'local' },
  });
});

test('the limits of a tenant are in what the gateway hands to the functions', async () => {
  const item = {
    pk: 'TENANT#local',
    sk: 'tenant',
    changedAtMs: 1,
    queuedJobs: 2,
    models: ['demo*'],
  };
  await table.client.send(new PutItemCommand({ TableName: table.tableName, Item: marshall(item) }));
  const answer = await answerWith({ LOCAL_API_KEY: localKey });
  expect(answer).toMatchObject({
    context: {
      scopes: 'generate read admin',
      limits: JSON.stringify({ queuedJobs: 2, models: ['demo*'] }),
    },
  });
});
