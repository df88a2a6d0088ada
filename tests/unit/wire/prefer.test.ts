import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parsePrefer, preferenceApplied } from '../../../lib/wire/prefer.ts';

const maxWaitMs = 290_000;
const read = (header: string | undefined) => parsePrefer(header, maxWaitMs);

describe('the Prefer header', () => {
  it.each<[string | undefined, boolean, number | undefined]>([
    [undefined, false, undefined],
    ['', false, undefined],
    ['respond-async', true, undefined],
    ['Respond-Async', true, undefined],
    ['respond-async=""', true, undefined],
    ['respond-async; strict', true, undefined],
    ['wait=60', false, 60_000],
    ['wait = 60', false, 60_000],
    ['WAIT="60"', false, 60_000],
    ['wait=0', false, 0],
    ['respond-async, wait=10', true, 10_000],
    ['handling=lenient; foo="a, wait=1", wait=10', false, 10_000],
    ['return=minimal,, ,respond-async', true, undefined],
    ['wait=5, wait=9', false, 5_000],
    ['=, ;, wait=5', false, 5_000],
    ['wait=x, wait=9', false, undefined],
    ['wait', false, undefined],
    ['wait=-1', false, undefined],
    ['wait=1.5', false, undefined],
    ['wait=999', false, maxWaitMs],
    [`wait=${'9'.repeat(400)}`, false, maxWaitMs],
    ['wait="1', false, undefined],
    ['"respond-async"', false, undefined],
    ['respond-async-later', false, undefined],
    ['respond-async=no', false, undefined],
  ])('%j: async %s, wait %s', (header, respondAsync, waitMs) => {
    expect(read(header)).toEqual({ respondAsync, waitMs });
  });

  it('any text is read without an error, and a wait is a whole number up to the maximum', () => {
    const pieces = fc.constantFrom(
      'wait',
      'respond-async',
      '=',
      '"',
      '\\',
      ',',
      ';',
      ' ',
      '9',
      '\n',
    );
    const header = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(header, (text) => {
        const { waitMs = 0 } = read(text);
        expect(Number.isInteger(waitMs) && waitMs >= 0 && waitMs <= maxWaitMs).toBe(true);
      }),
    );
  });

  it('a hostile header takes no time', () => {
    const hostile = [
      '"'.repeat(9_000),
      '"\\'.repeat(4_000),
      `a=${' '.repeat(9_000)}`,
      ' ;'.repeat(1_000),
    ];
    for (const header of hostile) expect(read(header).respondAsync).toBe(false);
  });
});

describe('Preference-Applied', () => {
  it('says what was honoured', () => {
    expect(preferenceApplied(read('respond-async'))).toBe('respond-async');
    expect(preferenceApplied(read('wait=60'))).toBe('wait=60');
    expect(preferenceApplied(read('wait=60, respond-async'))).toBe('respond-async, wait=60');
  });

  it('names the wait that was granted, not the one asked for', () => {
    expect(preferenceApplied(read('wait=9999'))).toBe('wait=290');
  });

  it('is absent when nothing was', () => {
    expect(preferenceApplied(read('return=minimal'))).toBeUndefined();
  });
});
