import { type DynamoDBClient, PutItemCommand, QueryCommand } from '@aws-sdk/client-dynamodb';
import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import type { Job } from '../job/job.ts';
import type { ContentStore, TranscriptChunk } from '../ports.ts';
import { storeFault } from './dynamo-faults.ts';
import { type Item, ttlSeconds } from './dynamo-job-item.ts';
import { pack, unpack } from './dynamo-pieces.ts';

const deltasSchema = z.array(z.string());

/** Padded, so that the chunks of an attempt sort by their first sequence number. */
const chunkKey = (attempt: number, first: number): string =>
  `t#${String(attempt).padStart(4, '0')}#${String(first).padStart(10, '0')}`;

/** A chunk as far as it counts: nothing after the sequence number `upTo`. */
const toChunk = async (item: Item, upTo: number): Promise<TranscriptChunk> => {
  const attempt = Number(item['attempt']?.N);
  const first = Number(item['first']?.N);
  const deltas = deltasSchema.safeParse(await unpack(item['body']?.B ?? new Uint8Array()));
  if (!deltas.success || !Number.isInteger(attempt) || !Number.isInteger(first))
    throw new Fault('item_unreadable', `A transcript chunk cannot be read (${item['sk']?.S}).`);
  return { attempt, first, deltas: deltas.data.slice(0, upTo - first + 1) };
};

/** Transcripts: chunks that are written once and read in order. */
export const dynamoTranscript = (client: DynamoDBClient, tableName: string) => {
  const readSegment = async (
    jobId: string,
    segment: Job['segments'][number],
  ): Promise<TranscriptChunk[]> => {
    const chunks: TranscriptChunk[] = [];
    let start: Item | undefined;
    do {
      const query = new QueryCommand({
        TableName: tableName,
        KeyConditionExpression: 'pk = :pk AND sk BETWEEN :first AND :last',
        ExpressionAttributeValues: {
          ':pk': { S: jobId },
          ':first': { S: chunkKey(segment.attempt, 0) },
          ':last': { S: chunkKey(segment.attempt, segment.upTo) },
        },
        ConsistentRead: true,
        ExclusiveStartKey: start,
      });
      const page = await client.send(query).catch((thrown: unknown) => {
        throw storeFault(thrown);
      });
      for (const item of page.Items ?? []) chunks.push(await toChunk(item, segment.upTo));
      start = page.LastEvaluatedKey;
    } while (start !== undefined);
    return chunks;
  };

  const append: ContentStore['putChunk'] = async (jobId, chunk, expiresAtMs) => {
    const put = new PutItemCommand({
      TableName: tableName,
      Item: {
        pk: { S: jobId },
        sk: { S: chunkKey(chunk.attempt, chunk.first) },
        attempt: { N: String(chunk.attempt) },
        first: { N: String(chunk.first) },
        body: { B: await pack(chunk.deltas) },
        expiresAtSeconds: { N: String(ttlSeconds(expiresAtMs)) },
      },
    });
    await client.send(put).catch((thrown: unknown) => {
      throw storeFault(thrown);
    });
  };

  const read: ContentStore['readChunks'] = async (job) => {
    const segments = await Promise.all(job.segments.map((segment) => readSegment(job.id, segment)));
    return segments.flat();
  };

  return { append, read };
};
