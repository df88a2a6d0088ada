import { type EpochMs, epochMs } from '../job/time.ts';
import { giveBack, refill, spend, spendableAtMs } from './budget.ts';
import { phaseOf, probing } from './circuit.ts';
import { circuitOf, type Health, withCircuit } from './health.ts';

/**
 * What a call is to the retry budget: a `first` one earns, a `retry` spends, and one that goes on
 * with a generation that is paid for already does neither.
 */
export type CallKind = 'first' | 'retry' | 'resumed';

/** What a call was given, which others have to do without. */
export type Taken = {
  /** The end of its lease of the probe's place. */
  readonly probeUntilMs?: EpochMs;
  /** A token of the retry budget. */
  readonly isRetry?: true;
};

export type Passage =
  | { readonly kind: 'go'; readonly taken?: Taken }
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
  let taken: Taken = {};
  for (const model of [undefined, call.model]) {
    const circuit = circuitOf(health, model);
    const phase = phaseOf(circuit, nowMs);
    if (circuit === undefined || phase === 'closed') continue;
    if (phase === 'open') return wait('circuit', circuit.openUntilMs);
    if (phase === 'probed') return wait('circuit', nowMs, true);
    const probe = probing(circuit, nowMs);
    next = withCircuit(next, model, probe, nowMs);
    taken = { probeUntilMs: probe.probeUntilMs };
  }
  if (call.kind === 'retry') {
    const budget = refill(health, nowMs);
    const left = spend(budget);
    if (left === undefined) return wait('retry_budget', spendableAtMs(budget));
    next = { ...next, ...left };
    taken = { ...taken, isRetry: true };
  }
  return next === health ? { passage: { kind: 'go' } } : { passage: { kind: 'go', taken }, next };
};

/** The health once a call that was not made has given back what it was given. */
export const forgone = (
  health: Health,
  model: string,
  { probeUntilMs, isRetry }: Taken,
  nowMs: EpochMs,
): Health => {
  let next = health;
  for (const at of [undefined, model]) {
    const circuit = circuitOf(health, at);
    if (circuit === undefined || circuit.probeUntilMs !== probeUntilMs) continue;
    next = withCircuit(next, at, { ...circuit, probeUntilMs: epochMs(0) }, nowMs);
  }
  return isRetry ? { ...next, ...giveBack(refill(next, nowMs)) } : next;
};
