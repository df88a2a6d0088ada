import { type DynamoDBClient, UpdateItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { type JobError, jobVersion } from '../job/job.ts';
import type { EpochMs } from '../job/time.ts';
import { storeFault, unwritten } from './dynamo-faults.ts';
import { jobKey } from './dynamo-job-item.ts';

type Change = {
  readonly condition: string;
  readonly update: string;
  readonly names: Record<string, string>;
  readonly values: Record<string, unknown>;
};

/** A missing or malformed version makes the comparison false: only a later version is spared. */
const ours = 'attribute_exists(pk) AND NOT #v > :v';

const failing = (error: JobError, atMs: EpochMs): Change => ({
  condition: `${ours} AND #status IN (:queued, :running)`,
  update: 'SET #status = :failed, #error = :error, endedAtMs = :at REMOVE dueAtMs, turn',
  names: { '#v': 'v', '#status': 'status', '#error': 'error' },
  values: {
    ':v': jobVersion,
    ':queued': 'queued',
    ':running': 'in_progress',
    ':failed': 'failed',
    ':error': error,
    ':at': atMs,
  },
});

const disarming: Change = {
  condition: ours,
  update: 'REMOVE dueAtMs',
  names: { '#v': 'v' },
  values: { ':v': jobVersion },
};

/**
 * Writes to an item that is no job, so by attribute and not as a `JobWrite`. Throws Fault
 * `store_unavailable`; a write that landed all the same is found done by the next call.
 */
export const condemnItem = async (
  client: DynamoDBClient,
  tableName: string,
  from: { readonly id: string; readonly error: JobError; readonly atMs: EpochMs },
): Promise<'failed' | 'disarmed' | 'spared'> => {
  const isWritten = async ({ condition, update, names, values }: Change): Promise<boolean> => {
    const command = new UpdateItemCommand({
      TableName: tableName,
      Key: jobKey(from.id),
      ConditionExpression: condition,
      UpdateExpression: update,
      ExpressionAttributeNames: names,
      ExpressionAttributeValues: marshall(values),
    });
    try {
      await client.send(command);
      return true;
    } catch (thrown) {
      if (unwritten(thrown).kind === 'refused') return false;
      throw storeFault(thrown);
    }
  };
  if (await isWritten(failing(from.error, from.atMs))) return 'failed';
  return (await isWritten(disarming)) ? 'disarmed' : 'spared';
};
