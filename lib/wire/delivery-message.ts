import * as z from 'zod/mini';
import { isNewer, jobVersion } from '../job/job.ts';

const messageSchema = z.object({
  v: z.literal(jobVersion),
  jobId: z.string().check(z.minLength(1)),
  deliveryNo: z.int().check(z.gte(1)),
  target: z.optional(z.string().check(z.minLength(1))),
});

/** A message of the deliveries queue, as far as it can be read; `why` is for the operator. */
export type ReadDeliveryMessage =
  | { readonly kind: 'message'; readonly message: z.infer<typeof messageSchema> }
  /** Of a later version, whose functions know what it means. */
  | { readonly kind: 'newer'; readonly why: string }
  | { readonly kind: 'unreadable'; readonly why: string };

/** Never throws, and never tells what the body holds. */
export const readDeliveryMessage = (body: string): ReadDeliveryMessage => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return { kind: 'unreadable', why: 'not JSON' };
  }
  if (isNewer(value)) return { kind: 'newer', why: 'a delivery message of a later version' };
  const parsed = messageSchema.safeParse(value);
  if (parsed.success) return { kind: 'message', message: parsed.data };
  const fields = parsed.error.issues.map((issue) => issue.path.join('.')).filter(Boolean);
  const which = fields.length === 0 ? '' : ` (fields: ${fields.join(', ')})`;
  return { kind: 'unreadable', why: `not a delivery message${which}` };
};
