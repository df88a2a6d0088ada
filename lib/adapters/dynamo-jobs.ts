import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb';
import type { JobWrite } from '../job/write.ts';
import type { JobStore } from '../ports/jobs.ts';
import type { Clock } from '../ports/system.ts';
import { condemnItem } from './dynamo-condemn.ts';
import { toCondition, toUpdate } from './dynamo-expression.ts';
import { storeFault, unwritten, unwrittenOrRepeated } from './dynamo-faults.ts';
import { fromJobItem, isExpired, jobKey, toJobItem } from './dynamo-job-item.ts';
import { dueIds, listedIds } from './dynamo-queries.ts';

/** Far above what an id has, and below the 2,048 bytes that DynamoDB takes of a partition key. */
const maxIdBytes = 128;

/**
 * Jobs in the table: one item each, single-item conditional writes only. The SDK repeats a write
 * that was not answered, so one that landed at the first try can come back as `refused`: whoever
 * gets `refused` or `doubtful` reads the item.
 */
export const dynamoJobs = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): JobStore => ({
  async create(job) {
    const put = new PutItemCommand({
      TableName: tableName,
      Item: toJobItem(job),
      ConditionExpression: 'attribute_not_exists(pk)',
    });
    try {
      await client.send(put);
      return { kind: 'created' };
    } catch (thrown) {
      return unwritten(thrown);
    }
  },

  async load(id, consistency) {
    if (Buffer.byteLength(id) > maxIdBytes) return undefined;
    const get = new GetItemCommand({
      TableName: tableName,
      Key: jobKey(id),
      ConsistentRead: consistency === 'strong',
    });
    const { Item: item } = await client.send(get).catch(rethrow);
    return item === undefined || isExpired(item, clock.nowMs()) ? undefined : fromJobItem(item);
  },

  async write(write) {
    const update = new UpdateItemCommand({
      TableName: tableName,
      Key: jobKey(write.id),
      ...toUpdate(write),
      ReturnValues: 'ALL_NEW',
    });
    const sent = await client.send(update).catch(unwrittenOrRepeated);
    return 'kind' in sent ? sent : { kind: 'written', job: fromJobItem(sent.Attributes ?? {}) };
  },

  condemn: (id, error, atMs) => condemnItem(client, tableName, { id, error, atMs }),
  withdraw: (write) => withdraw(client, tableName, write),
  due: (shard, atMs, limit) => dueIds(client, tableName, { shard, atMs, limit }),
  list: (query) => listedIds(client, tableName, query),
});

const rethrow = (thrown: unknown): never => {
  throw storeFault(thrown);
};

const withdraw = async (
  client: DynamoDBClient,
  tableName: string,
  write: JobWrite,
): Promise<'withdrawn' | 'refused'> => {
  const deletion = new DeleteItemCommand({
    TableName: tableName,
    Key: jobKey(write.id),
    ...toCondition(write),
  });
  try {
    await client.send(deletion);
    return 'withdrawn';
  } catch (thrown) {
    const outcome = unwritten(thrown);
    if (outcome.kind === 'refused') return 'refused';
    throw storeFault(thrown);
  }
};
