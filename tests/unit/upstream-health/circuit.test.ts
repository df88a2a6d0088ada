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

/** After a failure of a call that began then. */
const failedOnce = (circuit: Circuit | undefined, ms: number): Circuit =>
  failed(circuit, { startedAtMs: at(ms) }, at(ms));

/** A circuit after failures at these milliseconds. */
const failedAt = (...times: readonly number[]): Circuit | undefined =>
  times.reduce<Circuit | undefined>(failedOnce, undefined);

/** After so many first events at that millisecond. */
const answeredTimes = (
  from: Circuit | undefined,
  times: number,
  ms: number,
): Circuit | undefined => {
  let circuit = from;
  for (let time = 0; time < times; time += 1) {
    circuit = circuit && answered(circuit, at(ms), at(ms));
  }
  return circuit;
};

const opened = (): Circuit => {
  const circuit = failedAt(0, 1_000, 2_000, 3_000, 4_000);
  if (circuit === undefined) throw new Error('There is no circuit.');
  return circuit;
};
const halfOpenMs = 34_000;
const probed = (): Circuit => probing(opened(), at(halfOpenMs));

describe('a circuit', () => {
  it('opens at the fifth failure, for half a minute', () => {
    expect(phaseOf(failedAt(0, 1_000, 2_000, 3_000), at(3_000))).toBe('closed');
    expect(phaseOf(opened(), at(4_000))).toBe('open');
    expect(phaseOf(opened(), at(33_999))).toBe('open');
    expect(phaseOf(opened(), at(halfOpenMs))).toBe('half_open');
  });

  it('waits with failures that are younger than what sandboxes know may be old', () => {
    const burst = failedAt(0, 1, 2, 3, 4, 5, 6, 7);
    expect(phaseOf(burst, at(7))).toBe('closed');
    expect(phaseOf(failedOnce(burst, 3_999), at(3_999))).toBe('closed');
    expect(phaseOf(failedOnce(burst, 4_000), at(4_000))).toBe('open');
  });

  it('stays closed while more calls are answered than fail', () => {
    let circuit = failedAt(0);
    for (let second = 1; second < 60; second += 1) {
      circuit = answeredTimes(circuit, 2, second * 1_000);
      circuit = failedOnce(circuit, second * 1_000);
      expect(phaseOf(circuit, at(second * 1_000))).toBe('closed');
    }
    for (let second = 60; second < 90; second += 1) circuit = failedOnce(circuit, second * 1_000);
    expect(phaseOf(circuit, at(89_000))).toBe('open');
  });

  it('opens when calls are answered and then fail', () => {
    let circuit = answeredTimes(failedAt(0), 10, 1_000);
    for (let ms = 2_000; ms < 14_000; ms += 1_000) {
      circuit = failed(circuit, { startedAtMs: at(1_000), hasAnswered: true }, at(ms));
    }
    expect(phaseOf(circuit, at(13_000))).toBe('open');
  });

  it('counts the calls that go on beside one that fails', () => {
    let circuit: Circuit | undefined;
    for (const [ms, beside] of [
      [0, 9],
      [1_000, 0],
      [2_000, 0],
      [3_000, 0],
      [4_000, 0],
      [5_000, 0],
    ] as const) {
      circuit = failed(circuit, { startedAtMs: at(0), beside }, at(ms));
    }
    expect(phaseOf(circuit, at(5_000))).toBe('closed');
  });

  it('forgets a failure that many answers have outweighed', () => {
    expect(answeredTimes(failedAt(0), 19, 1_000)).toMatchObject({ failures: 1, answers: 19 });
    expect(answeredTimes(failedAt(0), 20, 1_000)).toBeUndefined();
  });

  it('starts anew after a generation that ended well', () => {
    const row = failedAt(0, 1_000, 2_000, 3_000);
    expect(row && finished(row, at(3_500))).toBeUndefined();
  });

  it('lets one probe through, and the next when that one’s lease is over', () => {
    expect(phaseOf(probed(), at(halfOpenMs))).toBe('probed');
    expect(phaseOf(probed(), at(halfOpenMs + 59_999))).toBe('probed');
    expect(phaseOf(probed(), at(halfOpenMs + 60_000))).toBe('half_open');
  });

  it('opens for longer when the probe fails, but lets a minute never go by without one', () => {
    let circuit = opened();
    const lengths: number[] = [];
    for (let times = 0; times < 6; times += 1) {
      lengths.push(circuit.openUntilMs - circuit.openedAtMs);
      const thenMs = circuit.openUntilMs;
      circuit = failed(probing(circuit, thenMs), { startedAtMs: thenMs }, after(thenMs, 100));
    }
    expect(lengths).toEqual([30_000, 45_000, 45_000, 45_000, 45_000, 45_000]);
  });

  const trial = (): Circuit | undefined => answered(probed(), at(halfOpenMs), at(halfOpenMs + 500));

  it('closes on trial at the probe’s first event: one failure does not open it again, two do', () => {
    expect(phaseOf(trial(), at(halfOpenMs + 500))).toBe('closed');
    const once = failedOnce(trial(), halfOpenMs + 600);
    expect(phaseOf(once, at(halfOpenMs + 600))).toBe('closed');
    const again = failedOnce(once, halfOpenMs + 700);
    expect(phaseOf(again, at(halfOpenMs + 700))).toBe('open');
    expect(again.openUntilMs - again.openedAtMs).toBe(45_000);
  });

  it('on trial tolerates failures beside as many answers, and ends it with a good end', () => {
    let circuit = trial();
    for (let time = 1; time <= 20; time += 1) {
      circuit = answeredTimes(circuit, 3, halfOpenMs + time * 1_000);
      circuit = failedOnce(circuit, halfOpenMs + time * 1_000);
      expect(phaseOf(circuit, at(halfOpenMs + time * 1_000))).toBe('closed');
    }
    expect(circuit && finished(circuit, at(halfOpenMs))).toBeUndefined();
  });

  it('does not count answers on trial without end while nothing fails', () => {
    const counted = answeredTimes(trial(), 9, halfOpenMs + 1_000);
    expect(counted).toMatchObject({ failures: 0, answers: 10 });
    expect(answeredTimes(counted, 5, halfOpenMs + 2_000)).toBe(counted);
  });

  it('gives the probe’s place back when it told nothing', () => {
    const freed = unproven(probed(), at(halfOpenMs));
    expect(phaseOf(freed, at(halfOpenMs))).toBe('half_open');
    expect(freed.openings).toBe(1);
  });

  it('learns nothing from a call that began before it opened', () => {
    for (const circuit of [opened(), probed()]) {
      const thenMs = at(halfOpenMs + 1);
      expect(failed(circuit, { startedAtMs: at(3_999) }, thenMs)).toBe(circuit);
      expect(answered(circuit, at(3_999), thenMs)).toBe(circuit);
      expect(finished(circuit, at(3_999))).toBe(circuit);
      expect(unproven(circuit, at(3_999))).toBe(circuit);
    }
  });

  it('without news for ten minutes is forgotten', () => {
    expect(phaseOf(opened(), at(halfOpenMs + 599_999))).toBe('half_open');
    expect(phaseOf(opened(), at(halfOpenMs + 600_000))).toBe('closed');
    const fresh = failedOnce(opened(), 700_000);
    expect(fresh).toMatchObject({ failures: 1, openings: 0 });
  });
});

/* The same rules told as a state with a name for each phase, and the calls that it remembers. */
type Told =
  | {
      readonly is: 'closed';
      readonly bad: number;
      readonly good: number;
      readonly firstMs: number;
      readonly lastMs: number;
      readonly openings: number;
    }
  | {
      readonly is: 'open' | 'probed';
      /** When the next probe may go. */
      readonly untilMs: number;
      readonly openings: number;
      readonly firstMs: number;
      readonly failedMs: number;
      readonly openedForMs: number;
    };
const clean = { is: 'closed', bad: 0, good: 0, firstMs: -1, lastMs: -1e9, openings: 0 } as const;

type Kind = 'refused' | 'cut' | 'finished' | 'answered' | 'unproven' | 'ask';

const lastNewsMs = (told: Told): number =>
  told.is === 'closed' ? told.lastMs : Math.max(told.untilMs, told.openedForMs);

/** Twenty calls are remembered; with one more, half of each kind. */
const remember = (bad: number, good: number) =>
  bad + good <= 20 ? { bad, good } : { bad: (bad - (bad % 2)) / 2, good: (good - (good % 2)) / 2 };

const oracle = (before: Told, kind: Kind, nowMs: number): Told => {
  const told = nowMs - lastNewsMs(before) >= 600_000 ? clean : before;
  const open = (openings: number, firstMs: number): Told => {
    const untilMs = nowMs + (openings === 1 ? 30_000 : 45_000);
    return { is: 'open', untilMs, openings, firstMs, failedMs: nowMs, openedForMs: untilMs };
  };
  const fails = kind === 'refused' || kind === 'cut';
  if (kind === 'finished') return clean;
  if (told.is === 'closed') {
    const isNew = told.bad === 0 && told.openings === 0;
    if (fails) {
      const firstMs = isNew ? nowMs : told.firstMs;
      const good = kind === 'cut' && told.good > 0 ? told.good - 1 : told.good;
      const counted = remember(told.bad + 1, good);
      const enough =
        told.openings > 0 ? counted.bad >= 2 : counted.bad >= 5 && nowMs - firstMs >= 4_000;
      return enough && counted.bad > counted.good
        ? open(told.openings + 1, firstMs)
        : { ...told, ...counted, firstMs, lastMs: nowMs };
    }
    if (kind !== 'answered' || isNew || (told.bad === 0 && told.good >= 10)) return told;
    const counted = remember(told.bad, told.good + 1);
    return counted.bad === 0 && told.openings === 0 ? clean : { ...told, ...counted };
  }
  const isHalf = nowMs >= told.untilMs;
  if (told.is === 'open' && !isHalf) return told;
  if (fails) return open(told.openings + 1, told.firstMs);
  if (kind === 'answered') {
    const { openings, firstMs, failedMs: lastMs } = told;
    return { is: 'closed', bad: 0, good: 1, firstMs, lastMs, openings };
  }
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

const step = (circuit: Circuit | undefined, kind: Kind, now: EpochMs) => {
  if (kind === 'refused') return failed(circuit, { startedAtMs: now }, now);
  if (kind === 'cut') return failed(circuit, { startedAtMs: now, hasAnswered: true }, now);
  if (circuit === undefined) return undefined;
  if (kind === 'finished') return finished(circuit, now);
  if (kind === 'answered') return answered(circuit, now, now);
  if (kind === 'unproven') return unproven(circuit, now);
  return phaseOf(circuit, now) === 'half_open' ? probing(circuit, now) : circuit;
};

it('a circuit is in the phase that its history tells, whatever happens when', () => {
  const happening = fc.record({
    kind: fc.constantFrom<Kind[]>(
      'refused',
      'refused',
      'cut',
      'cut',
      'ask',
      'finished',
      'answered',
      'answered',
      'unproven',
      'ask',
    ),
    pauseMs: fc.oneof(
      fc.constantFrom(1, 500, 1_333),
      fc.constantFrom(1, 500, 1_333),
      fc.constantFrom(4_000, 29_999, 30_000, 45_000, 59_999, 60_000, 599_999, 600_000),
    ),
  });
  const fiveFailures = Array.from(
    { length: 5 },
    () => ({ kind: 'refused', pauseMs: 1_000 }) as const,
  );
  fc.assert(
    fc.property(fc.array(happening, { maxLength: 60 }), fc.boolean(), (later, failsFirst) => {
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
    { numRuns: 2_000 },
  );
});
