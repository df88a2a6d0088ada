import { describe, expect, it } from 'vitest';
import { after, type EpochMs } from '../../../lib/job/time.ts';
import { phaseOf } from '../../../lib/upstream-health/circuit.ts';
import { evidenceOfFault, learn } from '../../../lib/upstream-health/evidence.ts';
import {
  circuitOf,
  type Health,
  healthy,
  parseHealth,
  withCircuit,
} from '../../../lib/upstream-health/health.ts';
import { admitCall } from '../../../lib/upstream-health/passage.ts';
import { noonMs } from '../../fixtures/new-job.ts';

const at = (ms: number): EpochMs => after(noonMs, ms);

/** Five failures of a model within four seconds, the last at `fromMs` + 4 s. */
const failing = (
  health: Health,
  model: string,
  evidence: 'failed' | 'unreachable' = 'failed',
  fromMs = 0,
): Health =>
  [0, 1, 2, 3, 4].reduce((known, second) => {
    const nowMs = at(fromMs + second * 1_000);
    return learn(known, { model, startedAtMs: nowMs }, evidence, nowMs);
  }, health);

const first = (model: string) => ({ model, kind: 'first' }) as const;
const retry = (model: string) => ({ model, kind: 'retry' }) as const;

describe('the passage of a call', () => {
  it('is free, and takes nothing, while all is well', () => {
    expect(admitCall(healthy(), first('m'), at(0))).toEqual({
      passage: { kind: 'go' },
    });
  });

  it('is barred for the model that fails and for no other', () => {
    const health = failing(healthy(), 'bad');
    expect(admitCall(health, first('bad'), at(5_000)).passage).toEqual({
      kind: 'wait',
      why: 'circuit',
      untilMs: at(34_000),
      isProbed: false,
    });
    expect(admitCall(health, first('good'), at(5_000)).passage.kind).toBe('go');
  });

  it('is barred for every model of an upstream that cannot be reached', () => {
    const health = failing(healthy(), 'any', 'unreachable');
    expect(admitCall(health, first('other'), at(5_000)).passage.kind).toBe('wait');
  });

  it('takes the place of the probe, once', () => {
    const health = failing(healthy(), 'bad');
    const { next, passage } = admitCall(health, first('bad'), at(34_000));
    expect(passage.kind).toBe('go');
    expect(next && admitCall(next, first('bad'), at(34_000)).passage).toMatchObject({
      kind: 'wait',
      isProbed: true,
    });
  });

  it('takes a token for a retry, and neither the probe’s place when there is none', () => {
    const spent = { ...failing(healthy(), 'bad'), tokens: 0, refilledAtMs: at(34_000) };
    expect(admitCall(spent, retry('bad'), at(34_000))).toEqual({
      passage: { kind: 'wait', why: 'retry_budget', untilMs: at(44_000), isProbed: false },
    });
    const { next } = admitCall(spent, retry('bad'), at(44_000));
    expect(next?.tokens).toBe(0);
    expect(phaseOf(next && circuitOf(next, 'bad'), at(44_000))).toBe('probed');
  });

  it('takes no token to go on with a generation that is paid for', () => {
    const spent = { ...healthy(), tokens: 0, refilledAtMs: at(0) };
    expect(admitCall(spent, { model: 'm', kind: 'resumed' }, at(0)).passage.kind).toBe('go');
  });
});

describe('what is learnt of a call', () => {
  it('is nothing from limits, refused requests and refused credentials', () => {
    for (const code of [
      'upstream_rate_limited',
      'upstream_rejected',
      'upstream_credentials',
      'upstream_lost',
      'store_unavailable',
    ] as const) {
      expect(evidenceOfFault(code)).toBe('unproven');
    }
    const health = failing(healthy(), 'bad');
    const told = learn(health, { model: 'bad', startedAtMs: at(4_500) }, 'unproven', at(5_000));
    expect(told).toBe(health);
  });

  it('is that an upstream which fails can be reached', () => {
    const health = failing(healthy(), 'any', 'unreachable');
    const told = learn(health, { model: 'bad', startedAtMs: at(34_000) }, 'failed', at(34_100));
    expect(told.whole).toBeUndefined();
    expect(circuitOf(told, 'bad')).toMatchObject({ failures: 1 });
  });

  it('is that a retry which ended well was worth its token', () => {
    const spent = { ...healthy(), tokens: 3, refilledAtMs: at(0) };
    const use = { model: 'm', startedAtMs: at(0) };
    expect(learn(spent, { ...use, isRetry: true }, 'finished', at(1)).tokens).toBe(4);
    expect(learn(spent, { ...use, isRetry: true }, 'failed', at(1)).tokens).toBe(3);
    expect(learn(spent, use, 'finished', at(1)).tokens).toBe(3);
    expect(learn(healthy(), { ...use, isRetry: true }, 'finished', at(1)).tokens).toBe(10);
  });

  it('is nothing new from a generation that ends well on a healthy upstream', () => {
    const health = healthy();
    expect(learn(health, { model: 'm', startedAtMs: at(0) }, 'finished', at(1))).toBe(health);
  });
});

describe('the record of an upstream', () => {
  it('is read as it was written, with any text as a model', () => {
    const health = failing(failing(healthy(), '__proto__'), '', 'unreachable');
    expect(parseHealth(JSON.parse(JSON.stringify(health)))).toEqual(health);
  });

  it('that cannot be read is a fault', () => {
    expect(() => parseHealth({ v: 2, rev: 1 })).toThrow(
      expect.objectContaining({ code: 'item_unreadable' }),
    );
  });

  it('keeps at most 64 circuits, and open ones before those of passing failures', () => {
    let health = failing(healthy(), 'bad');
    for (let index = 0; index < 200; index += 1) {
      const nowMs = at(5_000 + index);
      health = learn(health, { model: `typo-${index}`, startedAtMs: nowMs }, 'failed', nowMs);
    }
    expect(health.models).toHaveLength(64);
    expect(phaseOf(circuitOf(health, 'bad'), at(6_000))).toBe('open');
    expect(circuitOf(health, 'typo-199')).toBeDefined();
    expect(circuitOf(health, 'typo-0')).toBeUndefined();
  });

  it('drops what is forgotten with the next write', () => {
    const health = failing(healthy(), 'bad');
    expect(withCircuit(health, 'other', undefined, at(34_000 + 600_000)).models).toEqual([]);
  });
});
