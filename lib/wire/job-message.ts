import * as z from 'zod/mini';

const messageSchema = z.object({
  v: z.literal(1),
  jobId: z.string().check(z.minLength(1)),
  epoch: z.int().check(z.gte(0)),
});

/** The hint in a queue message's body; undefined when it is not one, or of an unknown version. */
export const parseJobMessage = (body: string): z.infer<typeof messageSchema> | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch {
    return undefined;
  }
  const parsed = messageSchema.safeParse(value);
  return parsed.success ? parsed.data : undefined;
};
