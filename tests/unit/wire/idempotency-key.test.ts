import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseIdempotencyKey } from '../../../lib/wire/idempotency-key.ts';

const visible = fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code));
const printable = fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code));
const text = (unit: fc.Arbitrary<string>) => fc.string({ unit, minLength: 1, maxLength: 255 });

describe('an Idempotency-Key', () => {
  it('is what is sent, where that is visible ASCII without a comma', () => {
    fc.assert(
      fc.property(text(visible), (key) => {
        fc.pre(!key.includes(',') && !key.startsWith('"'));
        expect(parseIdempotencyKey(key)).toBe(key);
      }),
    );
  });

  it('is what the quotes hold, where it is sent as a structured string', () => {
    fc.assert(
      fc.property(text(printable), (key) => {
        const quoted = `"${key.replaceAll(/[\\"]/g, '\\$&')}"`;
        expect(parseIdempotencyKey(quoted)).toBe(key);
      }),
    );
    expect(parseIdempotencyKey(' "k" ')).toBe(parseIdempotencyKey('k'));
  });

  it('is none without the header', () => {
    expect(parseIdempotencyKey(undefined)).toBeUndefined();
  });

  it.each([
    ['nothing', ''],
    ['nothing in quotes', '""'],
    ['a blank', ' '],
    ['two words', 'a b'],
    ['two headers', 'a, b'],
    ['two headers in quotes', '"a", "b"'],
    ['a comma', 'a,b'],
    ['an open quote', '"a'],
    ['a stray quote', '"a"b"'],
    ['parameters', '"a";p=1'],
    ['an unknown escape', '"a\\b"'],
    ['a tab in quotes', '"a\tb"'],
    ['a control character', 'a\u0007'],
    ['letters beyond ASCII', 'schlüssel'],
    ['256 characters', 'k'.repeat(256)],
    ['256 characters in quotes', `"${'k'.repeat(256)}"`],
  ])('is refused: %s', (_, header) => {
    expect(() => parseIdempotencyKey(header)).toThrow(
      expect.objectContaining({
        code: 'invalid_value',
        message: expect.stringContaining('255 visible ASCII characters'),
        reported: expect.objectContaining({ status: 400, param: 'Idempotency-Key' }),
      }),
    );
  });
});
