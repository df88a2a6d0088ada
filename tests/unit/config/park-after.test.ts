import { expect, test } from 'vitest';
import { readSettings } from '../../../lib/config.ts';

const read = (value?: string) =>
  readSettings(value === undefined ? {} : { PARK_AFTER_MS: value }, ['PARK_AFTER_MS'])
    .PARK_AFTER_MS;

test('generations are parked after five seconds, after another time, or never', () => {
  expect([read(), read('500'), read('never')]).toEqual([5_000, 500, undefined]);
  expect(() => read('soon')).toThrow(/PARK_AFTER_MS/);
});
