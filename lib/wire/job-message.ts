import * as z from 'zod/mini';
import { isNewer, jobVersion } from '../job/job.ts';

const messageSchema = z.object({
  v: z.literal(jobVersion),
  jobId: z.string().check(z.minLength(1)),
  epoch: z.int().check(z.gte(0)),
});

/** A queue message's body, as far as it can be read; `why` is for the operator. */
export type ReadMessage =
  | { readonly kind: 'message'; readonly message: z.infer<typeof messageSchema> }
  /** Of a later version, whose workers know what it means. */
  | { readonly kind: 'newer'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string };

const unreadable = (why: string): ReadMessage => ({ kind: 'unreadable', why });

/** The hint in a queue message's body. Never throws, and never tells what the body holds. */
export const readJobMessage = (body: string): ReadMessage => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return unreadable('not JSON');
  }
  if (isNewer(value)) return { kind: 'newer', why: 'a job message of a later version' };
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return { kind: 'message', message: parsed.data };
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).filter(Boolean);
  return unreadable(
    fields.length === 0 ? 'not a job message' : `not a job message (fields: ${fields.join(', ')})`,
  );
};
