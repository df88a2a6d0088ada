import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { after } from '../job/time.ts';
import { healthReadMs, healthTtlMs } from '../limits.ts';
import type { Clock } from '../ports/system.ts';
import type { UpstreamHealthStore } from '../ports/upstreams.ts';
import { healthy, parseHealth } from '../upstream-health/health.ts';
import { storeFault } from './dynamo-faults.ts';
import { ttlSeconds } from './dynamo-job-item.ts';
import { putRevised } from './dynamo-revised.ts';

const keyOf = (upstream: string) => ({ pk: `UPSTREAM#${upstream}`, sk: 'health' });

/**
 * The upstreams' health in the table, one item each. A call that takes long is given up, since a
 * request waits for it. An item past its TTL is as good as none by its own times, and its `rev` goes
 * on while DynamoDB keeps it, so the TTL is not looked at.
 */
export const dynamoUpstreamHealth = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
  patienceMs = healthReadMs,
): UpstreamHealthStore => ({
  async load(upstream) {
    const get = new GetItemCommand({
      TableName: tableName,
      Key: marshall(keyOf(upstream)),
      ConsistentRead: true,
    });
    const { Item: item } = await client
      .send(get, { abortSignal: AbortSignal.timeout(patienceMs) })
      .catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
    return item === undefined ? healthy() : parseHealth(unmarshall(item));
  },

  save(upstream, next, seenRev) {
    const expiresAtSeconds = ttlSeconds(after(clock.nowMs(), healthTtlMs));
    const item = { ...next, ...keyOf(upstream), expiresAtSeconds };
    return putRevised(client, tableName, { item, seenRev }, patienceMs);
  },
});
