import type { FaultCode } from '../errors.ts';
import type { EpochMs } from '../job/time.ts';
import { giveBack } from './budget.ts';
import {
  answered,
  type Circuit,
  failed,
  finished,
  isForgotten,
  type Told,
  unproven,
} from './circuit.ts';
import { circuitOf, type Health, withCircuit } from './health.ts';

/** One call, as far as its upstream's health is concerned. */
export type UpstreamUse = {
  readonly upstream: string;
  readonly model: string;
  readonly startedAtMs: EpochMs;
  /** It took a token. */
  readonly isRetry?: boolean;
  /** Its first event came before it ended. */
  readonly hasAnswered?: boolean;
};

/**
 * What a call told of its upstream. `answered`: its first event came; `finished`: the generation ended
 * well; `failed`; `unreachable`: nobody was there; `unproven`: nothing, since the client, the request
 * or a limit ended it.
 */
export type Evidence = 'answered' | 'finished' | 'failed' | 'unreachable' | 'unproven';

const evidenceOf: Partial<Record<FaultCode, Evidence>> = {
  upstream_unreachable: 'unreachable',
  upstream_unavailable: 'failed',
  upstream_error: 'failed',
  upstream_stalled: 'failed',
  upstream_cut: 'failed',
  upstream_malformed: 'failed',
};

/** A limit on the rate, a refused request and refused credentials say nothing about its health. */
export const evidenceOfFault = (code: FaultCode): Evidence => evidenceOf[code] ?? 'unproven';

/** Whether a generation at `model` that ends well would change anything. */
export const hasTrouble = (health: Health, model: string, nowMs: EpochMs): boolean =>
  [undefined, model].some((at) => {
    const circuit = circuitOf(health, at);
    return circuit !== undefined && !isForgotten(circuit, nowMs);
  });

type Learn = (circuit: Circuit | undefined) => Circuit | undefined;

/**
 * The health after that evidence; the same value when it changes nothing. Whoever fails to answer for
 * one model can be reached; who cannot be reached has not failed for a model.
 */
export const learn = (
  health: Health,
  use: Omit<UpstreamUse, 'upstream'> & Told,
  evidence: Evidence,
  nowMs: EpochMs,
): Health => {
  const { model, startedAtMs, isRetry } = use;
  const known =
    (change: (circuit: Circuit) => Circuit | undefined): Learn =>
    (circuit) =>
      circuit === undefined ? undefined : change(circuit);
  const fail: Learn = (circuit) => failed(circuit, use, nowMs);
  const finish = known((circuit) => finished(circuit, startedAtMs));
  const answer = known((circuit) => answered(circuit, startedAtMs, nowMs));
  const prove = known((circuit) => unproven(circuit, startedAtMs));
  const lessons: Readonly<Record<Evidence, { readonly whole: Learn; readonly model: Learn }>> = {
    answered: { whole: answer, model: answer },
    finished: { whole: finish, model: finish },
    failed: { whole: finish, model: fail },
    unreachable: { whole: fail, model: prove },
    unproven: { whole: prove, model: prove },
  };
  const apply = (to: Health, at: string | undefined, change: Learn): Health => {
    const before = circuitOf(to, at);
    const after = change(before);
    return after === before ? to : withCircuit(to, at, after, nowMs);
  };
  const lesson = lessons[evidence];
  const learnt = apply(apply(health, undefined, lesson.whole), model, lesson.model);
  return evidence === 'finished' && isRetry ? { ...learnt, ...giveBack(learnt) } : learnt;
};
