import {
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  QueryCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type MeteredRelay, startMeteredRelay } from '../../bench/cost/metered-relay.ts';
import { type TableMeter, tableMeter } from '../../bench/cost/table-meter.ts';
import { startTable, type TableEmulator } from '../fixtures/emulators.ts';

const due = {
  IndexName: 'due',
  KeySchema: [
    { AttributeName: 'dueShard', KeyType: 'HASH' as const },
    { AttributeName: 'dueAtMs', KeyType: 'RANGE' as const },
  ],
  Projection: { ProjectionType: 'KEYS_ONLY' as const },
};

let table: TableEmulator;
let relay: MeteredRelay;
let client: DynamoDBClient;
let meter: TableMeter;
let TableName: string;

beforeAll(async () => {
  table = await startTable();
  TableName = table.tableName;
  const described = { name: TableName, AttributeDefinitions: [], KeySchema: [] };
  meter = tableMeter({ ...described, GlobalSecondaryIndexes: [due] });
  relay = await startMeteredRelay(table.endpoint, {
    amend: meter.amend,
    hear: (call) => meter.hear('test', call),
  });
  client = new DynamoDBClient({
    region: 'us-east-1',
    endpoint: relay.endpoint,
    credentials: { accessKeyId: 'test', secretAccessKey: 'test' },
  });
});
afterAll(async () => {
  client.destroy();
  await relay.close();
  await table.close();
});
beforeEach(() => {
  meter.calls.length = 0;
});

const keyOf = (id: string) => ({ pk: { S: id }, sk: { S: 'job' } });
const units = () => meter.calls.map(({ readUnits, writeUnits }) => [readUnits, writeUnits]);

test('a write costs its size in KB and what it does to an index', async () => {
  const body = { S: 'x'.repeat(2500) };
  const keys = { dueShard: { N: '1' }, dueAtMs: { N: '100' } };
  await client.send(new PutItemCommand({ TableName, Item: { ...keyOf('a'), body, ...keys } }));
  const move = {
    TableName,
    Key: keyOf('a'),
    UpdateExpression: 'SET dueAtMs = :later',
    ExpressionAttributeValues: { ':later': { N: '200' } },
  };
  await client.send(new UpdateItemCommand(move));
  await client.send(new DeleteItemCommand({ TableName, Key: keyOf('a') }));
  expect(units()).toEqual([
    [0, 3 + 1],
    [0, 3 + 2],
    [0, 3 + 1],
  ]);
  expect(meter.calls.map(({ partition }) => partition)).toEqual(['a', 'a', 'a']);
});

test('an update is answered with what its caller asked for, and more', async () => {
  const update = { TableName, Key: keyOf('b'), UpdateExpression: 'SET writeNo = :n' };
  const values = { ExpressionAttributeValues: { ':n': { N: '1' } } };
  const { Attributes } = await client.send(new UpdateItemCommand({ ...update, ...values }));
  expect(Attributes).toMatchObject({ writeNo: { N: '1' } });
});

test('a write whose condition fails is billed as the item that it did not write', async () => {
  const big = { ...keyOf('c'), body: { S: 'x'.repeat(1500) } };
  await client.send(new PutItemCommand({ TableName, Item: big }));
  const again = new PutItemCommand({
    TableName,
    Item: keyOf('c'),
    ConditionExpression: 'attribute_not_exists(pk)',
  });
  await expect(client.send(again)).rejects.toThrow(/conditional/i);
  expect(units()).toEqual([
    [0, 2],
    [0, 2],
  ]);
});

test('an eventually consistent read costs half of a consistent one, and one of nothing too', async () => {
  const get = { TableName, Key: keyOf('nobody') };
  await client.send(new GetItemCommand(get));
  await client.send(new GetItemCommand({ ...get, ConsistentRead: true }));
  const query = {
    TableName,
    IndexName: 'due',
    KeyConditionExpression: 'dueShard = :shard',
    ExpressionAttributeValues: { ':shard': { N: '15' } },
  };
  await client.send(new QueryCommand(query));
  expect(units()).toEqual([
    [0.5, 0],
    [1, 0],
    [0.5, 0],
  ]);
});
