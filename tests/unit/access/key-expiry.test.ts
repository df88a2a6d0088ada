import { describe, expect, test } from 'vitest';
import { parseExpiry } from '../../../lib/access/key-expiry.ts';
import { epochMs } from '../../../lib/job/time.ts';

const now = epochMs(Date.parse('2026-11-20T10:00:00Z'));

test.each([
  ['45s', '2026-11-20T10:00:45Z'],
  ['30m', '2026-11-20T10:30:00Z'],
  ['12h', '2026-11-20T22:00:00Z'],
  ['90d', '2027-02-18T10:00:00Z'],
  ['3650d', '2036-11-17T10:00:00Z'],
  ['2027-01-31', '2027-01-31T00:00:00Z'],
  ['2028-02-29', '2028-02-29T00:00:00Z'],
  ['2027-01-31T18:00Z', '2027-01-31T18:00:00Z'],
  ['2027-01-31T18:00:30.5+02:00', '2027-01-31T16:00:30.500Z'],
  ['2026-11-20T10:00:00.001Z', '2026-11-20T10:00:00.001Z'],
])('%s is %s', (text, expected) => {
  expect(parseExpiry(text, now)).toBe(Date.parse(expected));
});

describe('refused, with the forms that are taken', () => {
  test.each([
    '',
    'soon',
    '90',
    '-1d',
    '1.5d',
    '90 d',
    '1y',
    '2027-02-29',
    '2027-13-01',
    '2027-02-31T00:00:00Z',
    '2027-01-31T18:00:00',
    '2027-01-31T25:00:00Z',
    '1795000000000',
  ])('%j', (text) => {
    expect(() => parseExpiry(text, now)).toThrow(
      expect.objectContaining({
        code: 'invalid_value',
        message: expect.stringMatching(/is no time to expire at: use .*90d/),
      }),
    );
  });
});

test.each([
  ['0d', 'has passed'],
  ['2026-11-20', 'has passed'],
  ['2026-11-20T10:00:00Z', 'has passed'],
  ['3651d', 'more than ten years away'],
  ['9999-01-01', 'more than ten years away'],
])('%s is refused: it %s', (text, why) => {
  expect(() => parseExpiry(text, now)).toThrow(why);
});
