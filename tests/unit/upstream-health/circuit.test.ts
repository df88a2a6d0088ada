import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import {
  answered,
  type Circuit,
  failed,
  finished,
  phaseOf,
  probing,
  unproven,
} from '../../../lib/upstream-health/circuit.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const at = (ms: number): EpochMs => after(noonMs, ms);

/** A circuit after failures at these milliseconds. */
const failedAt = (...times: readonly number[]): Circuit | undefined =>
  times.reduce<Circuit | undefined>((circuit, ms) => failed(circuit, at(ms), at(ms)), undefined);

const opened = (): Circuit => {
  const circuit = failedAt(0, 1_000, 2_000, 3_000, 4_000);
  if (circuit === undefined) throw new Error('There is no circuit.');
  return circuit;
};
const halfOpenMs = 34_000;
const probed = (): Circuit => probing(opened(), at(halfOpenMs));

describe('a circuit', () => {
  it('opens at the fifth failure in a row, for half a minute', () => {
    expect(phaseOf(failedAt(0, 1_000, 2_000, 3_000), at(3_000))).toBe('closed');
    expect(phaseOf(opened(), at(4_000))).toBe('open');
    expect(phaseOf(opened(), at(33_999))).toBe('open');
    expect(phaseOf(opened(), at(halfOpenMs))).toBe('half_open');
  });

  it('waits with a row that is shorter than what sandboxes know is old', () => {
    const burst = failedAt(0, 1, 2, 3, 4, 5, 6, 7);
    expect(phaseOf(burst, at(7))).toBe('closed');
    expect(phaseOf(failed(burst, at(3_000), at(3_000)), at(3_000))).toBe('open');
  });

  it('starts its row anew after a generation that ended well', () => {
    const row = failedAt(0, 1_000, 2_000, 3_000);
    expect(row && finished(row, at(3_500))).toBeUndefined();
  });

  it('lets one probe through, and the next when that one’s lease is over', () => {
    expect(phaseOf(probed(), at(halfOpenMs))).toBe('probed');
    expect(phaseOf(probed(), at(halfOpenMs + 59_999))).toBe('probed');
    expect(phaseOf(probed(), at(halfOpenMs + 60_000))).toBe('half_open');
  });

  it('opens for twice as long when the probe fails, up to five minutes', () => {
    let circuit = opened();
    const lengths: number[] = [];
    for (let times = 0; times < 6; times += 1) {
      lengths.push(circuit.openUntilMs - circuit.openedAtMs);
      const thenMs = circuit.openUntilMs;
      circuit = failed(probing(circuit, thenMs), thenMs, after(thenMs, 100));
    }
    expect(lengths).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000]);
  });

  it('closes on trial at the probe’s first event: one failure opens it again, for longer', () => {
    const trial = answered(probed(), at(halfOpenMs), at(halfOpenMs + 500));
    expect(phaseOf(trial, at(halfOpenMs + 500))).toBe('closed');
    const again = failed(trial, at(halfOpenMs + 600), at(halfOpenMs + 700));
    expect(phaseOf(again, at(halfOpenMs + 700))).toBe('open');
    expect(again.openUntilMs - again.openedAtMs).toBe(60_000);
    expect(finished(trial, at(halfOpenMs))).toBeUndefined();
  });

  it('gives the probe’s place back when it told nothing', () => {
    const freed = unproven(probed(), at(halfOpenMs));
    expect(phaseOf(freed, at(halfOpenMs))).toBe('half_open');
    expect(freed.openings).toBe(1);
  });

  it('learns nothing from a call that began before it opened', () => {
    for (const circuit of [opened(), probed()]) {
      const thenMs = at(halfOpenMs + 1);
      expect(failed(circuit, at(3_999), thenMs)).toBe(circuit);
      expect(answered(circuit, at(3_999), thenMs)).toBe(circuit);
      expect(finished(circuit, at(3_999))).toBe(circuit);
      expect(unproven(circuit, at(3_999))).toBe(circuit);
    }
  });

  it('without news for ten minutes is forgotten', () => {
    expect(phaseOf(opened(), at(halfOpenMs + 599_999))).toBe('half_open');
    expect(phaseOf(opened(), at(halfOpenMs + 600_000))).toBe('closed');
    const fresh = failed(opened(), at(700_000), at(700_000));
    expect(fresh).toMatchObject({ failures: 1, openings: 0 });
  });
});

/* The same rules told as a state with a name for each phase. */
type Told =
  | { readonly is: 'closed'; readonly row: readonly number[]; readonly openings: number }
  | {
      readonly is: 'open' | 'probed';
      /** When the next probe may go. */
      readonly untilMs: number;
      readonly openings: number;
      readonly failedMs: number;
      readonly openedForMs: number;
    };
const clean: Told = { is: 'closed', row: [], openings: 0 };

type Step = { readonly kind: 'failed' | 'finished' | 'answered' | 'unproven' | 'ask' };

const lastNewsMs = (told: Told): number =>
  told.is === 'closed'
    ? (told.row.at(-1) ?? Number.NEGATIVE_INFINITY)
    : Math.max(told.untilMs, told.openedForMs);

/** A row that is long enough by its length and its age, but for one failure. */
const onTrial = (failedMs: number): number[] => [0, 0, 0, failedMs];

const oracle = (before: Told, kind: Step['kind'], nowMs: number): Told => {
  const told = nowMs - lastNewsMs(before) >= 600_000 ? clean : before;
  const open = (openings: number): Told => {
    const untilMs = nowMs + Math.min(300_000, 30_000 * 2 ** (openings - 1));
    return { is: 'open', untilMs, openings, failedMs: nowMs, openedForMs: untilMs };
  };
  if (kind === 'finished') return clean;
  if (told.is === 'closed') {
    if (kind !== 'failed') return told;
    const row = [...told.row, nowMs];
    const isLong = row.length >= 5 && nowMs - (row[0] ?? nowMs) >= 2_500;
    return isLong ? open(told.openings + 1) : { ...told, row };
  }
  const isHalf = nowMs >= told.untilMs;
  if (kind === 'answered') {
    return { is: 'closed', row: onTrial(told.failedMs), openings: told.openings };
  }
  if (told.is === 'open' && !isHalf) return told;
  if (kind === 'failed') return open(told.openings + 1);
  if (kind === 'unproven') {
    return told.is === 'probed' ? { ...told, is: 'open', untilMs: 0 } : told;
  }
  return isHalf ? { ...told, is: 'probed', untilMs: nowMs + 60_000 } : told;
};

const phaseTold = (told: Told, nowMs: number): string => {
  if (told.is === 'closed' || nowMs - lastNewsMs(told) >= 600_000) return 'closed';
  if (nowMs >= told.untilMs) return 'half_open';
  return told.is;
};

const step = (circuit: Circuit | undefined, kind: Step['kind'], now: EpochMs) => {
  if (kind === 'failed') return failed(circuit, now, now);
  if (circuit === undefined) return undefined;
  if (kind === 'finished') return finished(circuit, now);
  if (kind === 'answered') return answered(circuit, now, now);
  if (kind === 'unproven') return unproven(circuit, now);
  return phaseOf(circuit, now) === 'half_open' ? probing(circuit, now) : circuit;
};

it('a circuit is in the phase that its history tells, whatever happens when', () => {
  const kinds = [
    'failed',
    'failed',
    'failed',
    'failed',
    'ask',
    'finished',
    'answered',
    'unproven',
    'ask',
  ] as const;
  const happening = fc.record({
    kind: fc.constantFrom(...kinds),
    pauseMs: fc.oneof(
      fc.constantFrom(1, 500, 833),
      fc.constantFrom(2_500, 29_999, 30_000, 59_999, 60_000, 599_999, 600_000),
    ),
  });
  const fiveFailures = Array.from(
    { length: 5 },
    () => ({ kind: 'failed', pauseMs: 1_000 }) as const,
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 40 }), fc.boolean(), (later, failsFirst) => {
      const history = failsFirst ? [...fiveFailures, ...later] : later;
      let circuit: Circuit | undefined;
      let told: Told = clean;
      let ms = 100_000;
      for (const { kind, pauseMs } of history) {
        ms += pauseMs;
        circuit = step(circuit, kind, at(ms));
        told = oracle(told, kind, ms);
        expect(phaseOf(circuit, at(ms))).toBe(phaseTold(told, ms));
      }
    }),
    { numRuns: 1_000 },
  );
});
