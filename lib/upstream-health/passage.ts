import { type EpochMs, epochMs } from '../job/time.ts';
import { refill, spend, spendableAtMs } from './budget.ts';
import { phaseOf, probing } from './circuit.ts';
import { circuitOf, type Health, withCircuit } from './health.ts';

/**
 * What a call is to the retry budget: a `first` one earns, a `retry` spends, and one that goes on
 * with a generation that is paid for already does neither.
 */
export type CallKind = 'first' | 'retry' | 'resumed';

export type Passage =
  | { readonly kind: 'go' }
  | {
      readonly kind: 'wait';
      readonly why: 'circuit' | 'retry_budget';
      /** Before this nothing changes. */
      readonly untilMs: EpochMs;
      /** A probe is under way: the circuit may close any moment, or open again. */
      readonly isProbed: boolean;
    };

/** `next` is there when the call takes something: a token, or the place of the probe. */
export type Admittance = {
  readonly passage: Passage;
  readonly next?: Health;
};

const wait = (why: 'circuit' | 'retry_budget', untilMs: number, isProbed = false): Admittance => ({
  passage: { kind: 'wait', why, untilMs: epochMs(untilMs), isProbed },
});

/** Whether a call may go to `model` now. All it needs is taken, or nothing is. */
export const admitCall = (
  health: Health,
  call: { readonly model: string; readonly kind: CallKind },
  nowMs: EpochMs,
): Admittance => {
  let next = health;
  for (const model of [undefined, call.model]) {
    const circuit = circuitOf(health, model);
    const phase = phaseOf(circuit, nowMs);
    if (circuit === undefined || phase === 'closed') continue;
    if (phase === 'open') return wait('circuit', circuit.openUntilMs);
    if (phase === 'probed') return wait('circuit', nowMs, true);
    next = withCircuit(next, model, probing(circuit, nowMs), nowMs);
  }
  if (call.kind === 'retry') {
    const budget = refill(health, nowMs);
    const left = spend(budget);
    if (left === undefined) return wait('retry_budget', spendableAtMs(budget));
    next = { ...next, ...left };
  }
  const go = { passage: { kind: 'go' } } as const;
  return next === health ? go : { ...go, next };
};
