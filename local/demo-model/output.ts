import { randomBytes } from 'node:crypto';
import type { Ask, FunctionTool } from './ask.ts';
import type { Controls } from './controls.ts';
import { findCalls } from './find-calls.ts';
import { sampleOf } from './schema-sample.ts';
import { proseTokens, reasoningTokens, unicodeTokens } from './text.ts';

/** A function that the model calls. */
export interface Call {
  /** `call_…`, by which its result is told to be this call's. */
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly arguments: string;
}

/** One token: of reasoning, of text, or of the arguments of the call at that index. */
export type Piece =
  | { readonly kind: 'reasoning' | 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: number; readonly text: string };

/** All that a generation will say, in order. */
export interface Output {
  readonly calls: readonly Call[];
  readonly pieces: readonly Piece[];
}

/**
 * Decides what is said. Functions are called when the last user message says `call:NAME {json}`, as
 * often as it does, when it speaks of what a function is named for, or when the request requires a
 * call (then with arguments that fit the schema); once a tool has answered, there is text about its answer. A request for structured output gets
 * JSON that fits its schema. Everything else is demo text, which only `varied` makes depend on the
 * generation's id.
 */
export function writeOutput(ask: Ask, controls: Controls, id: string): Output {
  const subject = ask.toolResult ?? ask.message;
  const thought: Piece[] = reasoningTokens(subject, controls.reasoningTokens).map((text) => ({
    kind: 'reasoning',
    text,
  }));
  const calls = callsOf(ask);
  if (calls.length > 0) {
    const pieces = calls.flatMap((call, index): Piece[] =>
      fragments(call.arguments).map((text) => ({ kind: 'call', call: index, text })),
    );
    return { calls, pieces: [...thought, ...pieces] };
  }
  const said: Piece[] = words(ask, subject, controls, id).map((text) => ({ kind: 'text', text }));
  return { calls, pieces: [...thought, ...said] };
}

/** The tokens of that many pieces of an output that are reasoning. */
export function countReasoning({ pieces }: Output, tokens: number): number {
  return pieces.slice(0, tokens).filter(({ kind }) => kind === 'reasoning').length;
}

/** The call that the piece at `index` is the first one of; null when it is not. */
export function callBegunBy({ calls, pieces }: Output, index: number): Call | null {
  const piece = pieces[index];
  const before = pieces[index - 1];
  if (piece?.kind !== 'call') return null;
  const isFirst = before?.kind !== 'call' || before.call !== piece.call;
  return isFirst ? (calls[piece.call] ?? null) : null;
}

function words(ask: Ask, subject: string, controls: Controls, id: string): readonly string[] {
  if (ask.schema !== null) return fragments(JSON.stringify(sampleOf(ask.schema)));
  const wide = controls.fault === 'unicode' || controls.fault === 'drip';
  const variation = controls.varied ? id.slice(-8) : '';
  return (wide ? unicodeTokens : proseTokens)(subject, controls.tokens, variation);
}

function callsOf({ message, toolResult, tools, toolChoice, parallel }: Ask): Call[] {
  if (toolChoice === 'none' || toolResult !== null) return [];
  const allowed =
    typeof toolChoice === 'object' ? tools.filter(({ name }) => name === toolChoice.name) : tools;
  const asked = findCalls(message).filter((call) => allowed.some(({ name }) => name === call.name));
  const [first] = allowed;
  const required = toolChoice !== 'auto' ? first : allowed.find((tool) => isMeant(tool, message));
  const calls = asked.length > 0 || required === undefined ? asked : [sampleCall(required)];
  return (parallel ? calls : calls.slice(0, 1)).map((call) => ({
    id: `call_${randomBytes(12).toString('hex')}`,
    ...call,
  }));
}

/** Words shorter than this are in every message: get, of, the. */
const minWordChars = 4;

/** Whether the message speaks of what the function is named for, as `get_weather` of the weather. */
function isMeant({ name }: FunctionTool, message: string): boolean {
  const said = message.toLowerCase();
  return name
    .split(/[^a-zA-Z]+|(?<=[a-z])(?=[A-Z])/)
    .some((word) => word.length >= minWordChars && said.includes(word.toLowerCase()));
}

function sampleCall({ name, parameters }: FunctionTool) {
  return { name, arguments: JSON.stringify(sampleOf(parameters) ?? {}) };
}

/** The text in tokens of up to six characters. */
function fragments(text: string): string[] {
  return text.match(/[\s\S]{1,6}/gu) ?? [];
}
