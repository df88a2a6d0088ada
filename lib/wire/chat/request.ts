import * as z from 'zod/mini';
import { Fault } from '../../errors.ts';
import { maxModelChars, maxOutputTokens } from '../../limits.ts';
import { type CallbackRequest, callbackSchema, toCallback } from '../callback-request.ts';
import { isJsonObject, without } from '../json-object.ts';
import { checkJsonTree } from '../json-tree.ts';
import { metadataSchema } from '../metadata.ts';
import type { JsonObject, UpstreamCall } from '../production.ts';
import { schemaFault } from '../schema-fault.ts';
import { chatMessagesSchema } from './message-schema.ts';
import { refuseChatReferences } from './references.ts';

const expectedModel = `a model's name of 1 to ${maxModelChars} characters`;
const expectedTokens = `a whole number from 1 to ${maxOutputTokens}`;
const expectedChoices = 'a whole number from 1 to 128';
const expectedTool = "a tool, an object with a 'type'";
const expectedFunction = "an object with the function's name";
const expectedName = "the function's name";

/** OpenAI's clients send null for what is not set. */
const unset = <T extends z.core.SomeType>(schema: T) => z.optional(z.nullable(schema));

const toolSchema = z
  .looseObject(
    {
      type: z.string("the tool's type, a string").check(z.minLength(1, "the tool's type")),
      function: z.optional(
        z.looseObject(
          {
            name: z.string(expectedName).check(z.minLength(1, expectedName)),
            parameters: unset(z.looseObject({}, 'a JSON schema, an object')),
          },
          expectedFunction,
        ),
      ),
    },
    expectedTool,
  )
  .check(
    z.refine((tool) => tool.type !== 'function' || tool.function !== undefined, {
      path: ['function'],
      error: expectedFunction,
    }),
  );

const tokensSchema = unset(
  z.int(expectedTokens).check(z.gte(1, expectedTokens), z.lte(maxOutputTokens, expectedTokens)),
);
const flagSchema = unset(z.boolean('true or false'));

const bodySchema = z.looseObject(
  {
    messages: chatMessagesSchema,
    model: unset(
      z
        .string(expectedModel)
        .check(
          z.maxLength(maxModelChars, expectedModel),
          z.regex(/^(?=.*\S)\P{Cc}+$/u, `${expectedModel} without control characters`),
        ),
    ),
    stream: flagSchema,
    stream_options: unset(
      z.looseObject({ include_usage: flagSchema }, "an object, such as {'include_usage': true}"),
    ),
    n: unset(z.int(expectedChoices).check(z.gte(1, expectedChoices), z.lte(128, expectedChoices))),
    tools: unset(z.array(toolSchema, 'an array of tools')),
    max_tokens: tokensSchema,
    max_completion_tokens: tokensSchema,
    store: flagSchema,
    metadata: unset(metadataSchema),
    callback: unset(callbackSchema),
  },
  'a JSON object',
);

type Body = z.infer<typeof bodySchema>;

/** What a client asks of `POST /v1/chat/completions`: what we act on, and the whole of it. */
export type ChatRequest = {
  /** As it was sent, the fields we do not know included, without the one that is only ours. */
  readonly body: JsonObject;
  readonly messages: Body['messages'];
  readonly model?: string;
  readonly stream: boolean;
  /** The client wants the usage in its stream. */
  readonly includeUsage: boolean;
  readonly choices: number;
  readonly tools: NonNullable<Body['tools']>;
  readonly maxOutputTokens?: number;
  /** Undefined when the client did not say. */
  readonly store?: boolean;
  readonly metadata?: Readonly<Record<string, string>>;
  /** Kept with the job, not with the request. */
  readonly callback?: CallbackRequest;
};

/**
 * The body of `POST /v1/chat/completions`, from a client or as stored (`body` is what to store).
 * Throws Faults `invalid_value` and `missing_required_parameter`, which name the field. Checks no
 * more than we act on: the upstream knows its own parameters. `references` to objects in the
 * upstream's account are refused unless the tenant may use them.
 */
export const parseChatRequest = (
  body: unknown,
  references: 'refused' | 'allowed' = 'refused',
): ChatRequest => {
  checkJsonTree(body);
  const parsed = bodySchema.safeParse(body);
  if (!parsed.success || !isJsonObject(body)) {
    throw parsed.success
      ? new Fault('invalid_value', 'Expected a JSON object.')
      : schemaFault(parsed.error, body);
  }
  if (references === 'refused') refuseChatReferences(body);
  const { messages, model, stream, stream_options, n, tools, store, metadata, callback } =
    parsed.data;
  if (stream_options != null && stream !== true) {
    throw new Fault('invalid_value', "'stream_options' is only allowed when 'stream' is true.", {
      param: 'stream_options',
    });
  }
  const { max_completion_tokens, max_tokens } = parsed.data;
  // Both are passed on, and which of them counts is the upstream's affair.
  const maxTokens =
    max_completion_tokens == null || max_tokens == null
      ? (max_completion_tokens ?? max_tokens)
      : Math.max(max_completion_tokens, max_tokens);
  return {
    body: callback === undefined ? body : without(body, 'callback'),
    messages,
    ...(model == null ? {} : { model }),
    stream: stream === true,
    includeUsage: stream_options?.include_usage === true,
    choices: n ?? 1,
    tools: tools ?? [],
    ...(maxTokens == null ? {} : { maxOutputTokens: maxTokens }),
    ...(store == null ? {} : { store }),
    ...(metadata == null ? {} : { metadata }),
    ...(callback == null ? {} : { callback: toCallback(callback) }),
  };
};

/**
 * The request as it is put to a chat upstream: streamed, with its usage, under `model`. What is kept of
 * it is kept here, so the upstream is not asked to store anything, nor told our metadata.
 */
export const chatCall = (request: ChatRequest, model: string): UpstreamCall => {
  const { stream_options } = request.body;
  return {
    protocol: 'chat',
    body: {
      ...without(request.body, 'store', 'metadata'),
      model,
      stream: true,
      stream_options: {
        ...(isJsonObject(stream_options) ? stream_options : {}),
        include_usage: true,
      },
    },
  };
};
