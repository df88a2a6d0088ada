import { createHash } from 'node:crypto';
import { type Controls, parseControls } from './controls.ts';
import type { DemoState } from './exchange.ts';
import type { FaultName } from './faults.ts';
import type { Generation } from './generations.ts';
import type { Pace } from './pace.ts';
import type { Parsed } from './refusal.ts';
import { proseTokens, unicodeTokens } from './text.ts';

/** What any protocol's request asks the demo model for. */
export interface Wanted {
  readonly id: string;
  readonly model: string;
  /** The last user message. */
  readonly message: string;
  readonly maxTokens: number | null;
  readonly stream: boolean;
  /** When the request arrived, on the clock of `performance.now()`. */
  readonly arrivedAtMs: number;
}

/** A generation that has begun: what it will say and when, and the fault it will meet. */
export interface Run {
  readonly generation: Generation;
  readonly controls: Controls;
  readonly pace: Pace;
  /** The fault whose turn it is; null when the request is to go well. */
  readonly fault: FaultName | null;
  /** Tokens before the fault, never more than there are. */
  readonly afterTokens: number;
  /** Why the text ends where it ends, when no fault intervenes. */
  readonly reason: 'stop' | 'length';
}

/** Opens a generation in the log; refused when the model name is unknown or its controls are bad. */
export function begin(state: DemoState, wanted: Wanted): Parsed<Run> {
  const parsed = parseControls(wanted.model);
  if (parsed.kind === 'refused') return parsed;
  const controls = parsed.value;
  const key = controls.key ?? defaultKey(wanted);
  const fault = faultOf(state, controls, key, wanted.stream);
  const wide = controls.fault === 'unicode' || controls.fault === 'drip';
  const whole = (wide ? unicodeTokens : proseTokens)(wanted.message, controls.tokens);
  const tokens = whole.slice(0, wanted.maxTokens ?? whole.length);
  const { id, model, message, arrivedAtMs } = wanted;
  return {
    kind: 'parsed',
    value: {
      generation: state.generations.start({ id, key, model, message, tokens }),
      controls,
      pace: {
        tokens,
        startedAtMs: arrivedAtMs,
        firstTokenMs: controls.firstTokenMs,
        tokensPerSecond: controls.tokensPerSecond,
      },
      fault,
      afterTokens: Math.min(controls.afterTokens, tokens.length),
      reason: tokens.length < whole.length ? 'length' : 'stop',
    },
  };
}

function faultOf(state: DemoState, controls: Controls, key: string, stream: boolean) {
  if (controls.fault === null || (controls.fault === 'no_stream' && !stream)) return null;
  return state.faultTurns.take(key, controls.times) ? controls.fault : null;
}

/** The model name and a hash of the message: the same for a repeated request, and short. */
function defaultKey({ model, message }: Wanted): string {
  return `${model}#${createHash('sha256').update(message).digest('hex').slice(0, 16)}`;
}
