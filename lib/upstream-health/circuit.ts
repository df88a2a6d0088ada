import * as z from 'zod/mini';
import { type EpochMs, epochMs } from '../job/time.ts';
import {
  circuitFailures,
  circuitMemoryMs,
  circuitOpenFirstMs,
  circuitOpenMaxMs,
  circuitRowMs,
  circuitSample,
  probeLeaseMs,
  trialAnswers,
  trialFailures,
} from '../limits.ts';

/*
 * A circuit lets calls through, or not, by what the last ones came to:
 *
 *         5 failures, more than answers       its time is over
 *   closed ───────────────────────► open ───────────────────────► half-open
 *     ▲ ▲                            ▲ ▲                              │ the first call is the probe
 *     │ │                            │ │                              ▼
 *     │ └──── the probe's first ─────┼─┼────────────────────────── probed
 *     │       event: on trial,       │ └── the probe failed ──────────┤ a lease without news:
 *     │       2 failures, more than ─┘     (for longer)               │ half-open again
 *     │       answers, open it                                        │
 *     └────────────── a generation ended well ────────────────────────┘
 *
 * A generation that ended well leaves nothing of what was counted. Until one does, failures are held
 * against calls that were answered, which is what can be known while generations take minutes; a call
 * that fails after its answer takes that back. Both counts are halved when there are many, so that the
 * last calls weigh most.
 *
 * Of a call that began before the circuit last opened nothing is learnt. A circuit without news for
 * `circuitMemoryMs` is closed. Which of these it is follows from the value and the time.
 */

const instant = z.pipe(
  z.int(),
  z.transform((value): EpochMs => epochMs(value)),
);
const count = z.int().check(z.gte(0));

export const circuitSchema = z.object({
  /** Since a generation ended well. */
  failures: count,
  /** Calls of that time whose first event came, and that have not failed after it. */
  answers: z.optional(count),
  firstFailedAtMs: instant,
  lastFailedAtMs: instant,
  /** How often it opened without such a generation between. */
  openings: count,
  /** 0 before it first opened. */
  openedAtMs: instant,
  /** 0 while it is closed. */
  openUntilMs: instant,
  /** The lease of the probe under way; 0 without one. */
  probeUntilMs: instant,
});
export type Circuit = z.infer<typeof circuitSchema>;

export type Phase = 'closed' | 'open' | 'half_open' | 'probed';

/** Whether the circuit holds nothing any more that a new one would not. */
export const isForgotten = (circuit: Circuit, nowMs: EpochMs): boolean =>
  nowMs - Math.max(circuit.lastFailedAtMs, circuit.openUntilMs, circuit.probeUntilMs) >=
  circuitMemoryMs;

/** An upstream that was never reported on has no circuit, which is a closed one. */
export const phaseOf = (circuit: Circuit | undefined, nowMs: EpochMs): Phase => {
  if (circuit === undefined || circuit.openUntilMs === 0 || isForgotten(circuit, nowMs)) {
    return 'closed';
  }
  if (nowMs < circuit.openUntilMs) return 'open';
  return nowMs < circuit.probeUntilMs ? 'probed' : 'half_open';
};

const opened = (circuit: Circuit, nowMs: EpochMs): Circuit => ({
  ...circuit,
  openings: circuit.openings + 1,
  openedAtMs: nowMs,
  openUntilMs: epochMs(
    nowMs + Math.min(circuitOpenMaxMs, circuitOpenFirstMs * 2 ** circuit.openings),
  ),
  probeUntilMs: epochMs(0),
});

const isOld = (circuit: Circuit, startedAtMs: EpochMs): boolean => startedAtMs < circuit.openedAtMs;

/** It has been open since a generation ended well. */
const isOnTrial = ({ openings }: Circuit): boolean => openings > 0;

/** What is counted, so that old calls weigh less. */
const weighed = (circuit: Circuit, failures: number, answers: number): Circuit => {
  const share = failures + answers > circuitSample ? 2 : 1;
  return {
    ...circuit,
    failures: Math.floor(failures / share),
    answers: Math.floor(answers / share),
  };
};

const isFailing = (circuit: Circuit, nowMs: EpochMs): boolean => {
  const { failures, answers = 0, firstFailedAtMs } = circuit;
  if (failures <= answers) return false;
  return isOnTrial(circuit)
    ? failures >= trialFailures
    : failures >= circuitFailures && nowMs - firstFailedAtMs >= circuitRowMs;
};

/** One call, as its circuit is told of it. */
export type Told = {
  readonly startedAtMs: EpochMs;
  /** Its first event came before it failed. */
  readonly hasAnswered?: boolean;
  /** Others that were answered and go on, and are not counted yet. */
  readonly beside?: number;
};

/** A call failed. */
export const failed = (
  known: Circuit | undefined,
  { startedAtMs, hasAnswered = false, beside = 0 }: Told,
  nowMs: EpochMs,
): Circuit => {
  const circuit =
    known === undefined || isForgotten(known, nowMs)
      ? {
          failures: 0,
          firstFailedAtMs: nowMs,
          lastFailedAtMs: nowMs,
          openings: 0,
          openedAtMs: epochMs(0),
          openUntilMs: epochMs(0),
          probeUntilMs: epochMs(0),
        }
      : known;
  const phase = phaseOf(circuit, nowMs);
  if (phase === 'open' || isOld(circuit, startedAtMs)) return circuit;
  const { failures, answers = 0 } = circuit;
  const takenBack = hasAnswered ? 1 : 0;
  const counted = {
    ...weighed(circuit, failures + 1, Math.max(0, answers - takenBack) + beside),
    lastFailedAtMs: nowMs,
  };
  return phase !== 'closed' || isFailing(counted, nowMs) ? opened(counted, nowMs) : counted;
};

/**
 * A call's first event came. It closes the circuit on trial, and is counted while there is something to
 * count it against; undefined when that weighs nothing any more.
 */
export const answered = (
  circuit: Circuit,
  startedAtMs: EpochMs,
  nowMs: EpochMs,
): Circuit | undefined => {
  const phase = phaseOf(circuit, nowMs);
  if (phase === 'open' || isOld(circuit, startedAtMs)) return circuit;
  if (phase !== 'closed') {
    return {
      ...circuit,
      failures: 0,
      answers: 1,
      openUntilMs: epochMs(0),
      probeUntilMs: epochMs(0),
    };
  }
  const { failures, answers = 0 } = circuit;
  if (failures === 0 && answers >= trialAnswers) return circuit;
  const counted = weighed(circuit, failures, answers + 1);
  return counted.failures === 0 && !isOnTrial(circuit) ? undefined : counted;
};

/** A call's generation ended well: undefined, a circuit without a memory, unless the call is old. */
export const finished = (circuit: Circuit, startedAtMs: EpochMs): Circuit | undefined =>
  isOld(circuit, startedAtMs) ? circuit : undefined;

/** The call said nothing about the upstream: if it was the probe, another may be sent. */
export const unproven = (circuit: Circuit, startedAtMs: EpochMs): Circuit =>
  isOld(circuit, startedAtMs) || circuit.probeUntilMs === 0
    ? circuit
    : { ...circuit, probeUntilMs: epochMs(0) };

/** The probe is sent. */
export const probing = (circuit: Circuit, nowMs: EpochMs): Circuit => ({
  ...circuit,
  probeUntilMs: epochMs(nowMs + probeLeaseMs),
});
