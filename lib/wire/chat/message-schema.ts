import * as z from 'zod/mini';
import { maxMessages } from '../../limits.ts';
import { isImageUrl } from '../image-url.ts';
import { arrayOf, isJsonObject, stringOf } from '../json-object.ts';
import type { JsonObject } from '../production.ts';

/** `function` is what `tool` was called before; OpenAI still takes it. */
const roles = ['developer', 'system', 'user', 'assistant', 'tool', 'function'] as const;

const expectedContent = "a string or an array of content parts with a 'type'";
const expectedImage = "an object with a 'url'";
const expectedImageUrl = 'an http(s) URL or a data:image/ URL';

const partSchema = z
  .looseObject(
    { type: z.string("the part's type, a string").check(z.minLength(1, "the part's type")) },
    "a content part, an object with a 'type'",
  )
  .check(
    z.refine(({ type, image_url }) => type !== 'image_url' || isJsonObject(image_url), {
      path: ['image_url'],
      error: expectedImage,
    }),
    z.refine(
      ({ type, image_url }) =>
        type !== 'image_url' ||
        !isJsonObject(image_url) ||
        isImageUrl(stringOf(image_url['url']) ?? ''),
      { path: ['image_url', 'url'], error: expectedImageUrl },
    ),
  );

const contentSchema = z.union(
  [z.string(), z.array(partSchema).check(z.minLength(1, 'at least one content part'))],
  expectedContent,
);

/** An assistant may have called, refused or spoken aloud instead of writing. */
const maySayNothing = (message: JsonObject): boolean =>
  message['role'] === 'assistant' &&
  (arrayOf(message['tool_calls']).length > 0 ||
    isJsonObject(message['function_call']) ||
    isJsonObject(message['audio']) ||
    typeof message['refusal'] === 'string');

const messageSchema = z
  .looseObject(
    {
      role: z.enum(roles, `one of ${roles.map((role) => `'${role}'`).join(', ')}`),
      content: z.optional(z.nullable(contentSchema)),
    },
    "a message, an object with 'role' and 'content'",
  )
  .check(
    z.refine(
      (message) =>
        (message.content ?? null) !== null || message.role === 'function' || maySayNothing(message),
      { path: ['content'], error: expectedContent },
    ),
  );

/** The messages of a chat request; fields, and kinds of parts, that we do not know pass unchanged. */
export const chatMessagesSchema = z
  .array(messageSchema, 'an array of messages')
  .check(
    z.minLength(1, 'at least one message'),
    z.maxLength(maxMessages, `at most ${maxMessages} messages`),
  );
