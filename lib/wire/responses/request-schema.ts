import * as z from 'zod/mini';
import { maxModelChars, maxOutputTokens } from '../../limits.ts';
import { callbackSchema } from '../callback-request.ts';
import { metadataSchema } from '../metadata.ts';

/** OpenAI's clients send null for what is not set. */
const unset = <T extends z.core.SomeType>(schema: T) => z.optional(z.nullable(schema));

const expectedModel = `a model's name of 1 to ${maxModelChars} characters without control characters`;
const expectedTokens = `a whole number from 1 to ${maxOutputTokens}`;
const expectedId = 'the id of a response';
const expectedType = 'a string that is not empty';

const flag = unset(z.boolean('true or false'));
const number = unset(z.number('a number'));
const text = unset(z.string('a string'));
const whole = unset(z.int('a whole number').check(z.gte(0, 'a whole number that is not negative')));
const typed = z.string(expectedType).check(z.minLength(1, expectedType));

const itemSchema = z.looseObject({ type: unset(typed) }, 'an item, which is an object');

const toolSchema = z.looseObject({ type: typed }, "a tool, an object with a 'type'").check(
  z.refine((tool) => tool.type !== 'function' || isName(tool['name']), {
    path: ['name'],
    error: "the function's name, a string that is not empty",
  }),
  z.refine((tool) => tool.type !== 'function' || isSchema(tool['parameters']), {
    path: ['parameters'],
    error: 'a JSON schema, which is an object',
  }),
);

const isName = (value: unknown): boolean => typeof value === 'string' && value !== '';
const isSchema = (value: unknown): boolean =>
  value === undefined || value === null || (typeof value === 'object' && !Array.isArray(value));

/**
 * The fields that are acted on or shown again in the response object, and their kinds; their ranges
 * are for the upstream to judge, and every other field passes.
 */
export const bodySchema = z.looseObject(
  {
    model: unset(
      z
        .string(expectedModel)
        .check(
          z.maxLength(maxModelChars, expectedModel),
          z.regex(/^(?=.*\S)\P{Cc}+$/u, expectedModel),
        ),
    ),
    input: unset(
      z.union(
        [z.string(), z.array(itemSchema, 'an array of items')],
        'a string or an array of items',
      ),
    ),
    instructions: text,
    stream: flag,
    stream_options: unset(z.looseObject({ include_obfuscation: flag }, 'an object')),
    background: flag,
    store: flag,
    previous_response_id: unset(z.string(expectedId).check(z.minLength(1, expectedId))),
    metadata: unset(metadataSchema),
    callback: unset(callbackSchema),
    max_output_tokens: unset(
      z.int(expectedTokens).check(z.gte(1, expectedTokens), z.lte(maxOutputTokens, expectedTokens)),
    ),
    max_tool_calls: whole,
    tools: unset(z.array(toolSchema, 'an array of tools')),
    tool_choice: unset(
      z.union(
        [z.string(), z.looseObject({ type: typed }, "an object with a 'type'")],
        "a string or an object with a 'type'",
      ),
    ),
    parallel_tool_calls: flag,
    include: unset(z.array(z.string('a string'), 'an array of strings')),
    text: unset(
      z.looseObject(
        { format: unset(z.looseObject({ type: typed }, "an object with a 'type'")) },
        'an object',
      ),
    ),
    reasoning: unset(z.looseObject({ effort: text, summary: text }, 'an object')),
    temperature: number,
    top_p: number,
    presence_penalty: number,
    frequency_penalty: number,
    top_logprobs: whole,
    truncation: text,
    service_tier: text,
    user: text,
    safety_identifier: text,
    prompt_cache_key: text,
  },
  'a JSON object',
);

export type ResponsesBody = z.infer<typeof bodySchema>;
