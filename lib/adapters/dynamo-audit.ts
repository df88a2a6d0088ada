import { type DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { unmarshall } from '@aws-sdk/util-dynamodb';
import { Fault } from '../errors.ts';
import { type EndedJob, isEnded, parseJob } from '../job/job.ts';
import type { AuditedItem, JobAudit } from '../ports/audit.ts';
import type { Clock } from '../ports/system.ts';
import { storeFault } from './dynamo-faults.ts';
import { type Item, isExpired } from './dynamo-job-item.ts';

/** All that a job must have to be one, and what an audit counts; nothing that came from a client. */
const fields = [
  'v',
  'id',
  'api',
  'tenant',
  'model',
  'resultBaseUrl',
  'createdAtMs',
  'deadlineAtMs',
  'resultExpiresAtMs',
  'admission',
  'status',
  'attempt',
  'owner',
  'writeNo',
  'leaseExpiresAtMs',
  'epoch',
  'strikes',
  'notBeforeMs',
  'dueAtMs',
  'segments',
  'seq',
  'upload',
  'requestChunks',
  'ledger',
  'endedAtMs',
  'usage',
] as const satisfies readonly (keyof EndedJob)[];

const attributes = ['pk', 'sk', 'expiresAtSeconds', ...fields];

/** An item whose time of creation cannot be read is one that somebody should know of. */
const wantedText =
  '#sk = :job AND (attribute_not_exists(#createdAtMs) OR NOT attribute_type(#createdAtMs, :number)' +
  ' OR (#createdAtMs >= :from AND #createdAtMs < :to)' +
  ' OR #status IN (:queued, :running) OR #dueAtMs < :late)';

const numberOf = (value: unknown): number | undefined =>
  typeof value === 'number' ? value : undefined;

const audited = (item: Item): AuditedItem => {
  const read = unmarshall(item);
  try {
    return { kind: 'job', job: parseJob(read) };
  } catch (thrown) {
    return {
      kind: 'unreadable',
      id: String(read['pk']),
      status: typeof read['status'] === 'string' ? read['status'] : undefined,
      deadlineAtMs: numberOf(read['deadlineAtMs']),
      dueAtMs: numberOf(read['dueAtMs']),
      why: thrown instanceof Fault ? thrown.message : String(thrown),
    };
  }
};

/** Expired, it is as good as gone; unless it should have ended long ago. */
const isGone = (item: Item, found: AuditedItem, clock: Pick<Clock, 'nowMs'>): boolean =>
  found.kind === 'job' && isEnded(found.job) && isExpired(item, clock.nowMs());

/**
 * Scans the table, which reads all of it, content included, whatever is wanted: half a read unit for
 * each 4 KB. Only the fields above leave the table, though an upstream's error message within the
 * ledger comes along with it.
 */
export const dynamoAudit = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
): JobAudit => ({
  async *scan({ fromMs, toMs, lateMs, tenant }, { segment, of }) {
    let start: Item | undefined;
    do {
      const page = await client
        .send(
          new ScanCommand({
            TableName: tableName,
            Segment: segment,
            TotalSegments: of,
            ExclusiveStartKey: start,
            ReturnConsumedCapacity: 'TOTAL',
            FilterExpression:
              tenant === undefined ? wantedText : `${wantedText} AND #tenant = :tenant`,
            ProjectionExpression: attributes.map((name) => `#${name}`).join(', '),
            ExpressionAttributeNames: Object.fromEntries(
              attributes.map((name) => [`#${name}`, name]),
            ),
            ExpressionAttributeValues: {
              ':job': { S: 'job' },
              ':number': { S: 'N' },
              ':from': { N: String(fromMs) },
              ':to': { N: String(toMs) },
              ':late': { N: String(lateMs) },
              ':queued': { S: 'queued' },
              ':running': { S: 'in_progress' },
              ...(tenant === undefined ? {} : { ':tenant': { S: tenant } }),
            },
          }),
        )
        .catch((thrown: unknown) => {
          throw storeFault(thrown);
        });
      const found = (page.Items ?? []).map((item) => ({ item, found: audited(item) }));
      yield {
        items: found.filter((one) => !isGone(one.item, one.found, clock)).map((one) => one.found),
        readUnits: page.ConsumedCapacity?.CapacityUnits ?? 0,
      };
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
  },
});
