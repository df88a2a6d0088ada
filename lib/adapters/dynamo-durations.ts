import { createHash } from 'node:crypto';
import { type DynamoDBClient, GetItemCommand } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { noDurations, parseDurations } from '../durations/durations.ts';
import { after } from '../job/time.ts';
import { durationsReadMs, durationsTtlMs } from '../limits.ts';
import type { DurationStore } from '../ports/durations.ts';
import type { Clock } from '../ports/system.ts';
import { storeFault } from './dynamo-faults.ts';
import { ttlSeconds } from './dynamo-job-item.ts';
import { putRevised } from './dynamo-revised.ts';

/** A sort key has 1,024 bytes (DynamoDB quotas, read 2026-11); a model's name may take more. */
const keyOf = (upstream: string, model: string) => ({
  pk: `UPSTREAM#${upstream}`,
  sk: `durations#${createHash('sha256').update(model).digest('base64url')}`,
});

/**
 * How long generations take, in the table. It is read eventually consistently, since whoever replaces
 * what is not the latest is refused. A call that takes long is given up, since a request waits for it.
 */
export const dynamoDurations = (
  client: DynamoDBClient,
  tableName: string,
  clock: Pick<Clock, 'nowMs'>,
  patienceMs = durationsReadMs,
): DurationStore => ({
  async load(upstream, model) {
    const get = new GetItemCommand({ TableName: tableName, Key: marshall(keyOf(upstream, model)) });
    const { Item: item } = await client
      .send(get, { abortSignal: AbortSignal.timeout(patienceMs) })
      .catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
    return item === undefined ? noDurations() : parseDurations(unmarshall(item));
  },

  save(upstream, model, next, seenRev) {
    const expiresAtSeconds = ttlSeconds(after(clock.nowMs(), durationsTtlMs));
    const item = { ...next, ...keyOf(upstream, model), model, expiresAtSeconds };
    return putRevised(client, tableName, { item, seenRev }, patienceMs);
  },
});
