import * as z from 'zod/mini';
import { Fault } from '../errors.ts';
import { maxModelChars, maxOutputTokens } from '../limits.ts';
import { type CallbackRequest, callbackSchema, toCallback } from './callback-request.ts';
import { type ChatMessage, messagesSchema } from './chat-message.ts';
import { checkJsonTree } from './json-tree.ts';
import { metadataSchema } from './metadata.ts';
import { schemaFault } from './schema-fault.ts';

const expectedPrompt = 'a string that is not blank';
const expectedModel = `a model's name of 1 to ${maxModelChars} characters`;
const expectedTokens = `a whole number from 1 to ${maxOutputTokens}`;
const expectedTemperature = 'a number from 0 to 2';

/** OpenAI's clients send null for what is not set. */
const unset = <T extends z.core.SomeType>(schema: T) => z.optional(z.nullable(schema));

const bodySchema = z.strictObject(
  {
    prompt: z.optional(
      z
        .string(expectedPrompt)
        .check(z.refine((prompt) => prompt.trim() !== '', { error: expectedPrompt })),
    ),
    messages: z.optional(messagesSchema),
    model: unset(
      z
        .string(expectedModel)
        .check(
          z.maxLength(maxModelChars, expectedModel),
          z.regex(/^(?=.*\S)\P{Cc}+$/u, `${expectedModel} without control characters`),
        ),
    ),
    max_output_tokens: unset(
      z.int(expectedTokens).check(z.gte(1, expectedTokens), z.lte(maxOutputTokens, expectedTokens)),
    ),
    temperature: unset(
      z
        .number(expectedTemperature)
        .check(z.gte(0, expectedTemperature), z.lte(2, expectedTemperature)),
    ),
    metadata: unset(metadataSchema),
    callback: unset(callbackSchema),
  },
  'a JSON object',
);

/** What a client asks of `POST /generate`. */
export type GenerateRequest = {
  readonly messages: readonly ChatMessage[];
  readonly model?: string;
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Kept with the job, not with the request. */
  readonly callback?: CallbackRequest;
};

const conversation = ({ prompt, messages }: z.infer<typeof bodySchema>): readonly ChatMessage[] => {
  if (prompt !== undefined && messages !== undefined) {
    throw new Fault('invalid_value', "Give either 'prompt' or 'messages', not both.", {
      param: 'messages',
    });
  }
  if (messages !== undefined) return messages;
  if (prompt !== undefined) return [{ role: 'user', content: prompt }];
  throw new Fault(
    'missing_required_parameter',
    "Missing required parameter: give either 'prompt' (a string) or 'messages' (an array).",
    { param: 'prompt' },
  );
};

/**
 * The body of `POST /generate`, from a client or as stored. Throws Faults `invalid_value`,
 * `missing_required_parameter` and `unknown_parameter`, which name the field, what was expected and
 * what was found.
 */
export const parseGenerateRequest = (body: unknown): GenerateRequest => {
  checkJsonTree(body);
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success) throw schemaFault(parsed.error, body);
  const { model, max_output_tokens, temperature, metadata, callback } = parsed.data;
  return {
    messages: conversation(parsed.data),
    ...(model == null ? {} : { model }),
    ...(max_output_tokens == null ? {} : { maxOutputTokens: max_output_tokens }),
    ...(temperature == null ? {} : { temperature }),
    ...(metadata == null ? {} : { metadata }),
    ...(callback == null ? {} : { callback: toCallback(callback) }),
  };
};

/**
 * The JSON under which a request is stored; `parseGenerateRequest` reads it back unchanged, but for
 * the callback, which is the job's.
 */
export const storedGenerateRequest = (
  request: GenerateRequest,
): Readonly<Record<string, unknown>> => {
  const { messages, model, maxOutputTokens, temperature, metadata } = request;
  return { messages, model, max_output_tokens: maxOutputTokens, temperature, metadata };
};
