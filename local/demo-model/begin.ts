import { createHash } from 'node:crypto';
import type { Ask } from './ask.ts';
import { type Controls, parseControls } from './controls.ts';
import type { FaultTurns } from './fault-turns.ts';
import type { FaultName } from './faults.ts';
import type { Generation, GenerationLog, Protocol } from './generations.ts';
import { type Output, writeOutput } from './output.ts';
import type { Pace } from './pace.ts';
import type { Parsed } from './refusal.ts';

/** What any protocol's request asks the demo model for. */
export interface Wanted {
  readonly id: string;
  readonly protocol: Protocol;
  readonly background: boolean;
  readonly model: string;
  readonly ask: Ask;
  readonly maxTokens: number | null;
  readonly stream: boolean;
  /** When the request arrived, on the clock of `performance.now()`. */
  readonly arrivedAtMs: number;
}

/** A generation that has begun: what it will say and when, and the fault it will meet. */
export interface Run {
  readonly generation: Generation;
  readonly controls: Controls;
  /** What is said, up to the request's own limit; the pace's tokens are its pieces. */
  readonly output: Output;
  readonly pace: Pace;
  /** The fault whose turn it is; null when the request is to go well. */
  readonly fault: FaultName | null;
  /** Tokens before the fault, never more than there are. */
  readonly afterTokens: number;
  /** Why the output ends where it ends, when no fault intervenes. */
  readonly reason: 'stop' | 'length' | 'tool_calls';
}

interface Ledgers {
  readonly generations: GenerationLog;
  readonly faultTurns: FaultTurns;
}

/** Opens a generation in the log; refused when the model name is unknown or its controls are bad. */
export function begin(state: Ledgers, wanted: Wanted): Parsed<Run> {
  const parsed = parseControls(wanted.model);
  if (parsed.kind === 'refused') return parsed;
  const controls = parsed.value;
  const key = controls.key ?? defaultKey(wanted);
  const fault = faultOf(state, controls, key, wanted.stream);
  const whole = writeOutput(wanted.ask, controls, wanted.id);
  const pieces = whole.pieces.slice(0, wanted.maxTokens ?? whole.pieces.length);
  const isWhole = pieces.length === whole.pieces.length;
  const wholeReason = whole.calls.length > 0 ? 'tool_calls' : 'stop';
  const { id, protocol, background, model } = wanted;
  const { message } = wanted.ask;
  const tokens = pieces.map(({ kind, text }) => (kind === 'text' ? text : ''));
  const named = { id, key, protocol, background, model, message, tokens };
  return {
    kind: 'parsed',
    value: {
      generation: state.generations.start(named),
      controls,
      output: { calls: whole.calls, pieces },
      pace: {
        tokens: pieces.map(({ text }) => text),
        startedAtMs: wanted.arrivedAtMs + (background ? controls.queuedMs : 0),
        firstTokenMs: controls.firstTokenMs,
        tokensPerSecond: controls.tokensPerSecond,
      },
      fault,
      afterTokens: Math.min(controls.afterTokens, pieces.length),
      reason: isWhole ? wholeReason : 'length',
    },
  };
}

function faultOf(state: Ledgers, controls: Controls, key: string, stream: boolean) {
  if (controls.fault === null || (controls.fault === 'no_stream' && !stream)) return null;
  return state.faultTurns.take(key, controls.times) ? controls.fault : null;
}

/** The model name and a hash of the message: the same for a repeated request, and short. */
function defaultKey({ model, ask }: Wanted): string {
  return `${model}#${createHash('sha256').update(ask.message).digest('hex').slice(0, 16)}`;
}
