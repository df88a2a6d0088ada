import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Fault } from '../../../lib/errors.ts';
import { parseRequestTimes } from '../../../lib/wire/request-headers.ts';

describe('X-Deadline-Ms and X-Result-TTL', () => {
  it('default to an hour and a day', () => {
    expect(parseRequestTimes({})).toEqual({ deadlineMs: 3_600_000, resultTtlMs: 86_400_000 });
  });

  it('are milliseconds and seconds', () => {
    const headers = { 'x-deadline-ms': '5000', 'x-result-ttl': '120' };
    expect(parseRequestTimes(headers)).toEqual({ deadlineMs: 5_000, resultTtlMs: 120_000 });
  });

  it.each([
    ['x-deadline-ms', '1', '86400000', 'X-Deadline-Ms'],
    ['x-result-ttl', '60', '2592000', 'X-Result-TTL'],
  ])('%s holds from %s to %s, and refusals name it', (name, least, most, shown) => {
    expect(() => parseRequestTimes({ [name]: least })).not.toThrow();
    expect(() => parseRequestTimes({ [name]: most })).not.toThrow();
    for (const value of [
      String(Number(least) - 1),
      String(Number(most) + 1),
      '',
      '-5',
      '1e3',
      '60.5',
      '60, 60',
      ' 60',
      'soon',
    ]) {
      expect(() => parseRequestTimes({ [name]: value })).toThrow(shown);
    }
  });

  it('any other text is refused with a Fault of status 400', () => {
    fc.assert(
      fc.property(fc.string(), (value) => {
        try {
          parseRequestTimes({ 'x-deadline-ms': value });
          expect(value).toMatch(/^\d+$/);
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(Fault);
        }
      }),
    );
  });
});

describe('a tenant’s maximum for results', () => {
  const ask = (ttl: string | undefined) =>
    parseRequestTimes(ttl === undefined ? {} : { 'x-result-ttl': ttl }, 120).resultTtlMs;

  it('bounds the default, and is named where more is asked for', () => {
    expect(ask(undefined)).toBe(120_000);
    expect(ask('90')).toBe(90_000);
    expect(ask('120')).toBe(120_000);
    expect(() => ask('121')).toThrow(/X-Result-TTL.* from 60 to 120/);
  });
});
