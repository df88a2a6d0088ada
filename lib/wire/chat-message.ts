import * as z from 'zod/mini';
import { maxMessages } from '../limits.ts';

const roles = ['developer', 'system', 'user', 'assistant', 'tool'] as const;

const expectedContent = "a string or an array of content parts with a 'type'";

const partSchema = z.looseObject(
  { type: z.string("the part's type, a string").check(z.minLength(1, "the part's type")) },
  "a content part, an object with a 'type'",
);

const contentSchema = z.union(
  [z.string(), z.array(partSchema).check(z.minLength(1, 'at least one content part'))],
  expectedContent,
);

/** An assistant that only calls tools says nothing; everybody else has to. */
const maySayNothing = ({ role, tool_calls }: { role: string; tool_calls?: unknown }): boolean =>
  role === 'assistant' && Array.isArray(tool_calls) && tool_calls.length > 0;

const messageSchema = z.pipe(
  z
    .looseObject(
      {
        role: z.enum(roles, `one of ${roles.map((role) => `'${role}'`).join(', ')}`),
        content: z.optional(z.nullable(contentSchema)),
      },
      "a message, an object with 'role' and 'content'",
    )
    .check(
      z.refine((message) => (message.content ?? null) !== null || maySayNothing(message), {
        path: ['content'],
        error: expectedContent,
      }),
    ),
  z.transform((message) => ({ ...message, content: message.content ?? null })),
);

/** A conversation in OpenAI's chat form; fields of messages and parts that we do not know pass. */
export const messagesSchema = z
  .array(messageSchema, 'an array of messages')
  .check(
    z.minLength(1, 'at least one message'),
    z.maxLength(maxMessages, `at most ${maxMessages} messages`),
  );

export type ChatMessage = z.infer<typeof messageSchema>;
