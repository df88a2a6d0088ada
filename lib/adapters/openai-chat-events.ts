import * as z from 'zod/mini';
import type { Clock } from '../ports/system.ts';
import { isJsonObject } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import type { AnswerReader } from './openai-answer.ts';
import { cut, eventFault, malformed } from './openai-faults.ts';
import type { Silence } from './openai-silence.ts';

/** As much of a chunk as says whether the generation has ended. */
const chunkSchema = z.object({
  choices: z.optional(
    z.nullable(
      z.array(
        z.object({
          index: z.optional(z.number()),
          finish_reason: z.optional(z.nullable(z.string())),
        }),
      ),
    ),
  ),
  error: z.optional(z.unknown()),
});

/** vLLM and SGLang; OpenRouter; DeepSeek: the generation was broken off. */
const brokenOff: readonly string[] = ['abort', 'error', 'insufficient_system_resource'];

/** How long the usage may follow the last finish reason; the answer is whole without it. */
const usageGraceMs = 5_000;

type Reading = {
  readonly clock: Clock;
  /** How many choices were asked for; servers may give fewer. */
  readonly choices: number;
  /** The wait for the first chunk began when the request was sent. */
  readonly first: Silence;
  readonly betweenEventsMs: number;
};

/** Which choices have begun, and which have ended. */
const choiceLedger = (asked: number) => {
  const begun = new Set<number>();
  const ended = new Set<number>();
  return {
    read(chunk: unknown, nowMs: number): JsonObject {
      const parsed = chunkSchema.safeParse(chunk);
      if (!parsed.success || !isJsonObject(chunk)) throw malformed(parsed.error);
      if (parsed.data.error) throw eventFault(parsed.data.error, nowMs);
      for (const { index = 0, finish_reason } of parsed.data.choices ?? []) {
        begun.add(index);
        if (!finish_reason) continue;
        if (brokenOff.includes(finish_reason)) throw cut(undefined);
        ended.add(index);
      }
      return chunk;
    },
    /** Every choice that began has ended. */
    isWhole: () => begun.size > 0 && ended.size === begun.size,
    /** And no other can begin. */
    isFinal: () => ended.size >= asked && ended.size === begun.size,
  };
};

/**
 * The chunks of a chat completion, unchanged. Every one counts against silence, with text or not.
 * Comments do not: they show that a proxy lives, not that the model does. Once every choice has its
 * finish reason, nothing that follows can fail the generation. Throws Fault `upstream_malformed`,
 * `upstream_stalled`, `upstream_cut`, or that of the error which a chunk holds.
 */
export async function* chatEvents(
  answer: AnswerReader,
  { clock, choices, first, betweenEventsMs }: Reading,
): AsyncGenerator<JsonObject> {
  const ledger = choiceLedger(choices);
  const read = async (silence: Silence) => {
    const next = await answer.next(silence);
    return next === undefined ? undefined : ledger.read(next.value, clock.nowMs());
  };
  try {
    let silence = first;
    while (!ledger.isFinal()) {
      const chunk = await read(silence);
      if (chunk === undefined) {
        if (ledger.isWhole()) return;
        throw cut(undefined);
      }
      yield chunk;
      silence = { sinceMs: clock.nowMs(), limitMs: betweenEventsMs };
    }
    const last = { sinceMs: clock.nowMs(), limitMs: Math.min(betweenEventsMs, usageGraceMs) };
    for (;;) {
      const chunk = await read(last).catch(() => undefined);
      if (chunk === undefined) return;
      yield chunk;
    }
  } finally {
    answer.close();
  }
}
