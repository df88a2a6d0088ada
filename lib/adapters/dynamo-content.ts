import type { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { ContentStore } from '../ports/content.ts';
import { dynamoPieces } from './dynamo-pieces.ts';
import { dynamoTranscript } from './dynamo-transcript.ts';

/** Content beside its job, in the job's partition. */
export const dynamoContent = (client: DynamoDBClient, tableName: string): ContentStore => {
  const pieces = dynamoPieces(client, tableName);
  const transcript = dynamoTranscript(client, tableName);
  return {
    putRequest: (jobId, upload, request, expiresAtMs) =>
      pieces.putOrDrop(jobId, `req#${upload}`, request, expiresAtMs),
    getRequest: (job) => pieces.get(job.id, `req#${job.upload}`, job.requestChunks),
    dropRequest: (jobId, upload, chunks) => pieces.drop(jobId, `req#${upload}`, chunks),
    purge: pieces.purge,
    putChunk: transcript.append,
    readChunks: transcript.read,
    putFinal: (jobId, attempt, final, expiresAtMs) =>
      pieces.put(jobId, `final#${attempt}`, final, expiresAtMs),
    getFinal: (jobId, { attempt, chunks }) => pieces.get(jobId, `final#${attempt}`, chunks),
  };
};
