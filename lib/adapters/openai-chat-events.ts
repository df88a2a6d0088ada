import type { Clock } from '../ports/system.ts';
import { isJsonObject } from '../wire/json-object.ts';
import type { JsonObject } from '../wire/production.ts';
import type { AnswerReader } from './openai-answer.ts';
import { cut, eventFault, malformed } from './openai-faults.ts';
import type { Silence } from './openai-silence.ts';

/**
 * As much of a chunk's choice as says whether it has ended; undefined when it is none. By hand, since a
 * chunk comes with every token, and is held against its schema where it is read.
 */
const choiceIn = (
  value: unknown,
): { readonly index: number; readonly finishReason: string } | undefined => {
  if (!isJsonObject(value)) return undefined;
  const { index = 0, finish_reason: finishReason } = value;
  if (typeof index !== 'number') return undefined;
  if (finishReason === undefined || finishReason === null) return { index, finishReason: '' };
  return typeof finishReason === 'string' ? { index, finishReason } : undefined;
};

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
      if (!isJsonObject(chunk)) throw malformed(undefined);
      const choices = chunk['choices'] ?? [];
      const read = Array.isArray(choices) ? choices.map(choiceIn) : [undefined];
      if (read.includes(undefined)) throw malformed(undefined);
      if (chunk['error']) throw eventFault(chunk['error'], nowMs);
      for (const choice of read) {
        if (choice === undefined) continue;
        begun.add(choice.index);
        if (choice.finishReason === '') continue;
        if (brokenOff.includes(choice.finishReason)) throw cut(undefined);
        ended.add(choice.index);
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
