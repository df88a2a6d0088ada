import * as z from 'zod/mini';
import { type EpochMs, epochMs } from '../job/time.ts';
import {
  circuitFailures,
  circuitMemoryMs,
  circuitOpenFirstMs,
  circuitOpenMaxMs,
  circuitRowMs,
  probeLeaseMs,
} from '../limits.ts';

/*
 * A circuit lets calls through, or not, by what the last ones came to:
 *
 *            5 failures in a row             its time is over
 *   closed ───────────────────────► open ───────────────────────► half-open
 *     ▲ ▲                            ▲ ▲                              │ the first call is the probe
 *     │ │                            │ │                              ▼
 *     │ └──── the probe's first ─────┼─┼────────────────────────── probed
 *     │       event: on trial,       │ └── the probe failed ──────────┤ a lease without news:
 *     │       one failure opens ─────┘     (twice as long)            │ half-open again
 *     │                                                               │
 *     └────────────── a generation ended well ────────────────────────┘
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
  /** In a row, without a generation between them that ended well. */
  failures: count,
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

/** A call that began at `startedAtMs` failed. */
export const failed = (
  known: Circuit | undefined,
  startedAtMs: EpochMs,
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
  const counted = { ...circuit, failures: circuit.failures + 1, lastFailedAtMs: nowMs };
  if (phase !== 'closed') return opened(counted, nowMs);
  const isRow =
    counted.failures >= circuitFailures && nowMs - counted.firstFailedAtMs >= circuitRowMs;
  return isRow ? opened(counted, nowMs) : counted;
};

/** A call's first event came: other calls may go, but one more failure opens the circuit again. */
export const answered = (circuit: Circuit, startedAtMs: EpochMs, nowMs: EpochMs): Circuit =>
  phaseOf(circuit, nowMs) === 'closed' || isOld(circuit, startedAtMs)
    ? circuit
    : {
        ...circuit,
        failures: Math.max(circuit.failures, circuitFailures) - 1,
        openUntilMs: epochMs(0),
        probeUntilMs: epochMs(0),
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
