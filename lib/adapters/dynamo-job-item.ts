import { createHash } from 'node:crypto';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall, unmarshall } from '@aws-sdk/util-dynamodb';
import { type Job, parseJob } from '../job/job.ts';
import { after, type EpochMs, type EpochSeconds, later, toEpochSeconds } from '../job/time.ts';
import { dueShards } from '../limits.ts';

export type Item = Record<string, AttributeValue>;

/** A job outlives its result and its key by this, so that both can still say that it expired. */
const tombstoneMs = 60 * 60_000;

export const jobKey = (id: string): Item => ({ pk: { S: id }, sk: { S: 'job' } });

/** When DynamoDB may delete what expires at `at`: the next whole second, never before it. */
export const ttlSeconds = (at: EpochMs): EpochSeconds => toEpochSeconds(after(at, 999));

/** The job item's TTL, from the expiry of its result and of the key that finds it. */
export const jobTtlSeconds = ({
  resultExpiresAtMs,
  idempotency,
}: Pick<Job, 'resultExpiresAtMs' | 'idempotency'>): EpochSeconds =>
  ttlSeconds(after(later(resultExpiresAtMs, idempotency?.expiresAtMs), tombstoneMs));

/** The due index's partition of a job: the same one for ever. */
export const dueShard = (id: string): number =>
  createHash('sha256').update(id).digest().readUInt8(0) % dueShards;

/** Every field of the job as an attribute, and the keys of table and indexes. */
export const toJobItem = (job: Job): Item =>
  marshall(
    {
      ...job,
      pk: job.id,
      sk: 'job',
      dueShard: dueShard(job.id),
      listTenant: job.tenant,
      ...(job.turn === undefined ? {} : { turnAtMs: job.createdAtMs }),
      expiresAtSeconds: jobTtlSeconds(job),
    },
    { removeUndefinedValues: true },
  );

/** Throws Fault `item_unreadable`. Attributes that are not a job's fields are left out. */
export const fromJobItem = (item: Item): Job => parseJob(unmarshall(item));

/** DynamoDB deletes an expired item within days; until then it is treated as gone. */
export const isExpired = (item: Item, nowMs: EpochMs): boolean => {
  const seconds = item['expiresAtSeconds']?.N;
  return seconds !== undefined && Number(seconds) * 1000 <= nowMs;
};
