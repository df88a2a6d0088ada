import { describe, expect, test } from 'vitest';
import { durationText, rateHeaders, ratesOf } from '../../../lib/wire/rates.ts';

test.each([
  [0, '0s'],
  [1, '1s'],
  [59_001, '1m0s'],
  [60_000, '1m0s'],
  [360_000, '6m0s'],
  [3_600_000, '1h0m0s'],
  [86_399_000, '23h59m59s'],
])('%i ms are written %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

describe('the headers of an answer', () => {
  test('are none for a tenant without such limits', () => {
    expect(rateHeaders(ratesOf({ jobsInFlight: 5, models: ['demo'] }))).toEqual({});
  });

  test('tell the limits where nothing was counted', () => {
    const rates = ratesOf({ requestsPerMinute: 60, tokensPerDay: 1_000 });
    expect(rateHeaders(rates)).toEqual({
      'x-ratelimit-limit-requests': '60',
      'x-ratelimit-limit-tokens': '1000',
    });
  });

  test('tell what is left, which is never less than nothing', () => {
    const rates = ratesOf({ tokensPerDay: 1_000 });
    rates.tokens = { limit: 1_000, remaining: -20, resetMs: 90_000 };
    expect(rateHeaders(rates)).toEqual({
      'x-ratelimit-limit-tokens': '1000',
      'x-ratelimit-remaining-tokens': '0',
      'x-ratelimit-reset-tokens': '1m30s',
    });
  });
});
