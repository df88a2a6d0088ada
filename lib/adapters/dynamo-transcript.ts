import { type DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import { maxItemBytes } from '../limits.ts';
import type { ContentStore, TranscriptChunk } from '../ports/content.ts';
import { storeFault } from './dynamo-faults.ts';
import { type Item, ttlSeconds } from './dynamo-job-item.ts';
import { pack, unpack } from './pack.ts';

const deltasSchema = z.array(z.string());

/** Padded, so that the chunks of an attempt sort by their first sequence number. */
const chunkKey = (attempt: number, first: number): string =>
  `t#${String(attempt).padStart(4, '0')}#${String(first).padStart(10, '0')}`;

/** A chunk too large for one item goes on in further ones, which sort right behind it. */
const partKey = (attempt: number, first: number, part: number): string =>
  part === 0
    ? chunkKey(attempt, first)
    : `${chunkKey(attempt, first)}#${String(part).padStart(3, '0')}`;

const isFirstPart = (item: Item): boolean => item['attempt'] !== undefined;

const damaged = (item: Item): Fault =>
  new Fault('item_unreadable', 'A part of the stored output cannot be read.', {
    cause: new Error(`the item ${item['sk']?.S} is damaged`),
  });

/** A chunk as far as it counts: nothing after the sequence number `upTo`. */
const toChunk = async (
  item: Item,
  rest: readonly Item[],
  upTo: number,
): Promise<TranscriptChunk> => {
  const attempt = Number(item['attempt']?.N);
  const first = Number(item['first']?.N);
  if (rest.length + 1 < Number(item['parts']?.N ?? 1)) throw damaged(item);
  const bytes = [item, ...rest].map((part) => part['body']?.B ?? new Uint8Array());
  const deltas = deltasSchema.safeParse(await unpack(Buffer.concat(bytes)));
  if (!deltas.success || !Number.isInteger(attempt) || !Number.isInteger(first)) {
    throw damaged(item);
  }
  return { attempt, first, deltas: deltas.data.slice(0, upTo - first + 1) };
};

/** The chunks that a segment's items make up, in order. */
const toChunks = async (items: readonly Item[], upTo: number): Promise<TranscriptChunk[]> => {
  const starts = items.flatMap((item, index) => (isFirstPart(item) ? [index] : []));
  return Promise.all(
    starts.flatMap((start, index) => {
      const [item, ...rest] = items.slice(start, starts[index + 1]);
      return item === undefined ? [] : [toChunk(item, rest, upTo)];
    }),
  );
};

/** Transcripts: chunks that are written once and read in order. */
export const dynamoTranscript = (client: DynamoDBClient, tableName: string) => {
  const readSegment = async (
    jobId: string,
    segment: Job['segments'][number],
  ): Promise<TranscriptChunk[]> => {
    const items: Item[] = [];
    let start: Item | undefined;
    do {
      const query = new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: {
          ':pk': { S: jobId },
          ':first': { S: chunkKey(segment.attempt, 0) },
          ':last': { S: `${chunkKey(segment.attempt, segment.upTo)}#~` },
        },
        ConsistentRead: true,
        ExclusiveStartKey: start,
      });
      const page = await client.send(query).catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
      items.push(...(page.Items ?? []));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return toChunks(items, segment.upTo);
  };

  /** The first part is written last: where it is, the chunk is whole. */
  const append: ContentStore['putChunk'] = async (jobId, chunk, expiresAtMs) => {
    const bytes = await pack(chunk.deltas);
    const parts = Math.ceil(bytes.byteLength / maxItemBytes);
    for (let part = parts - 1; part >= 0; part -= 1) {
      const head = {
        attempt: { N: String(chunk.attempt) },
        first: { N: String(chunk.first) },
        ...(parts === 1 ? {} : { parts: { N: String(parts) } }),
      };
      const put = new PutItemCommand({
        TableName: tableName,
        Item: {
          pk: { S: jobId },
          sk: { S: partKey(chunk.attempt, chunk.first, part) },
          ...(part === 0 ? head : {}),
          body: { B: bytes.subarray(part * maxItemBytes, (part + 1) * maxItemBytes) },
          expiresAtSeconds: { N: String(ttlSeconds(expiresAtMs)) },
        },
      });
      await client.send(put).catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
    }
  };

  const read: ContentStore['readChunks'] = async (job) => {
    const segments = await Promise.all(job.segments.map((segment) => readSegment(job.id, segment)));
    return segments.flat();
  };

  return { append, read };
};
