import * as z from 'zod/mini';
import { Fault } from '../errors.ts';

const finalSchema = z.object({
  text: z.string(),
  /** The model that answered, as the upstream names it. */
  model: z.string(),
  finishReason: z.enum(['stop', 'length', 'content_filter', 'tool_calls']),
});

/** What a finished generation leaves behind: the whole text and how it ended. */
export type FinalGeneration = z.infer<typeof finalSchema>;

/** A stored final object. Throws Fault `item_unreadable` when it is not one. */
export const parseFinalGeneration = (stored: unknown): FinalGeneration => {
  const parsed = finalSchema.safeParse(stored);
  if (parsed.success) return parsed.data;
  throw new Fault('item_unreadable', 'The stored result of the generation cannot be read.');
};
