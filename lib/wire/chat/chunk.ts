import * as z from 'zod/mini';
import { Fault } from '../../errors.ts';
import type { Usage } from '../../job/job.ts';
import type { JsonObject } from '../production.ts';

const text = z.optional(z.nullable(z.string()));

const choiceSchema = z.looseObject({
  /** Servers of one choice leave it out. */
  index: z.optional(z.nullable(z.int().check(z.gte(0), z.lte(1_024)))),
  delta: z.optional(z.nullable(z.looseObject({}))),
  finish_reason: text,
});

const chunkSchema = z.looseObject({
  model: text,
  choices: z.optional(z.nullable(z.array(choiceSchema))),
});

export type ChatChoice = {
  readonly index: number;
  readonly delta: JsonObject;
  /** Undefined until the choice's last event. */
  readonly finishReason: string | undefined;
  /** The choice's other fields: logprobs, and what we do not know. */
  readonly rest: JsonObject;
};

export type ChatChunk = {
  readonly model: string | undefined;
  readonly choices: readonly ChatChoice[];
  readonly usage: Usage | undefined;
  /** The event as it came. */
  readonly event: JsonObject;
};

const count = z.int().check(z.gte(0));
const usageSchema = z.object({
  prompt_tokens: count,
  completion_tokens: z.catch(count, 0),
  total_tokens: z.catch(z.optional(count), undefined),
});

/** Token counts of a chat completion or one of its chunks; undefined where it tells none. */
export const chatUsage = (value: unknown): Usage | undefined => {
  // Of almost every chunk; a schema's refusal costs more than all else that is done with one.
  if (value === undefined || value === null) return undefined;
  const parsed = usageSchema.safeParse(value);
  if (!parsed.success) return undefined;
  const { prompt_tokens, completion_tokens, total_tokens } = parsed.data;
  return {
    input_tokens: prompt_tokens,
    output_tokens: completion_tokens,
    total_tokens: total_tokens ?? prompt_tokens + completion_tokens,
  };
};

/** One chunk of a chat upstream's stream. Throws Fault `upstream_malformed` when it is not one. */
export const readChatChunk = (event: JsonObject): ChatChunk => {
  const parsed = chunkSchema.safeParse(event);
  if (!parsed.success) {
    throw new Fault(
      'upstream_malformed',
      'The upstream sent something that is not a chat completion.',
      { retry: { kind: 'later', afterMs: 0 }, cause: parsed.error },
    );
  }
  const { model, choices } = parsed.data;
  return {
    model: model || undefined,
    choices: (choices ?? []).map(({ index, delta, finish_reason, ...rest }, position) => ({
      index: index ?? position,
      delta: delta ?? {},
      finishReason: finish_reason || undefined,
      rest,
    })),
    usage: chatUsage(event['usage']),
    event,
  };
};
