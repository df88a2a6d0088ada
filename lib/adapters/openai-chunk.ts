import * as z from 'zod/mini';
import type { Usage } from '../job/job.ts';
import type { FinishReason } from '../ports.ts';
import { malformed } from './openai-faults.ts';

const said = z.optional(
  z.nullable(
    z.union([
      z.string(),
      /** Mistral's reasoning models: parts, of which those of type `text` are the answer. */
      z.array(z.object({ type: z.string(), text: z.optional(z.string()) })),
    ]),
  ),
);
const wordsSchema = z.object({ content: said, refusal: z.optional(z.nullable(z.string())) });

const completionSchema = z.object({
  model: z.optional(z.nullable(z.string())),
  choices: z.optional(
    z.nullable(
      z.array(
        z.object({
          index: z.optional(z.number()),
          delta: z.optional(z.nullable(wordsSchema)),
          finish_reason: z.optional(z.nullable(z.string())),
        }),
      ),
    ),
  ),
  usage: z.optional(z.unknown()),
});

const count = z.int().check(z.gte(0));
const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: z.catch(count, 0),
  total_tokens: z.optional(count),
});

const usageOf = (value: unknown): Usage | undefined => {
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { prompt_tokens, completion_tokens, total_tokens } = parsed.data;
  return {
    input_tokens: prompt_tokens,
    output_tokens: completion_tokens,
    total_tokens: total_tokens ?? prompt_tokens + completion_tokens,
  };
};

/** Servers' own reasons that are one of OpenAI's; any other word means that the model stopped. */
const finishReasons: Readonly<Record<string, FinishReason>> = {
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  content_filter: 'content_filter',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
};

const finishOf = (reason: string | null | undefined): FinishReason | undefined =>
  reason ? (finishReasons[reason] ?? 'stop') : undefined;

const textOf = (words: z.infer<typeof wordsSchema> | null | undefined): string => {
  const content = words?.content ?? '';
  const text =
    typeof content === 'string'
      ? content
      : content.map((part) => (part.type === 'text' ? (part.text ?? '') : '')).join('');
  return text + (words?.refusal ?? '');
};

export type Chunk = {
  readonly model: string | undefined;
  /** May be empty: roles, reasoning and tool calls are events without text. */
  readonly text: string;
  readonly finish: FinishReason | undefined;
  readonly usage: Usage | undefined;
};

/**
 * One event of a stream. A refusal is text: it is what the model says to the client. Throws Fault
 * `upstream_malformed`.
 */
export const readChunk = (event: unknown): Chunk => {
  const parsed = completionSchema.safeParse(event);
  if (!parsed.success) throw malformed(parsed.error);
  const { model, choices, usage } = parsed.data;
  const choice = choices?.find(({ index }) => index === undefined || index === 0);
  return {
    model: model || undefined,
    text: textOf(choice?.delta),
    finish: finishOf(choice?.finish_reason),
    usage: usageOf(usage),
  };
};
