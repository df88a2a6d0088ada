import * as z from 'zod';
import type { ProxiedCall } from './fault-proxy.ts';

const keySchema = z.object({ pk: z.object({ S: z.string() }) });
const bodySchema = z.object({
  Key: keySchema.optional().catch(undefined),
  Item: keySchema.optional().catch(undefined),
  ExpressionAttributeValues: z
    .object({ ':pk': z.object({ S: z.string() }) })
    .optional()
    .catch(undefined),
  MessageBody: z.string().optional(),
});
const messageSchema = z.object({ jobId: z.string() });

/** The job that a queue message speaks of; undefined when it speaks of none. */
export const messageJob = (body: string | undefined): string | undefined => {
  try {
    return messageSchema.safeParse(JSON.parse(body ?? '')).data?.jobId;
  } catch {
    return undefined;
  }
};

/** The job that a call to the table or the queue is about, as far as the call tells. */
export const calledJob = ({ body }: ProxiedCall): string | undefined => {
  const read = bodySchema.parse(body);
  return (
    read.Key?.pk.S ??
    read.Item?.pk.S ??
    read.ExpressionAttributeValues?.[':pk'].S ??
    messageJob(read.MessageBody)
  );
};
