import { describe, expect, test } from 'vitest';
import { limitNames, parseTenantLimits } from '../../../lib/wire/tenant-limits.ts';

const everything = {
  requestsPerMinute: 60,
  jobsInFlight: 5,
  queuedJobs: 100,
  waiting: 20,
  tokensPerDay: 1_000_000_000_000,
  models: ['gpt-5*', '*/llama-3.1:free', 'demo?tokens=5'],
  callbackHosts: ['hooks.example.com', '*.example.org', 'localhost', 'xn--bcher-kva.example'],
  resultTtlSeconds: 2_592_000,
  upstreamObjects: false,
};

test('every limit is optional, and there are nine', () => {
  expect(parseTenantLimits({})).toEqual({});
  expect(parseTenantLimits(everything)).toEqual(everything);
  expect(limitNames.toSorted()).toEqual(Object.keys(everything).toSorted());
});

test('what a later version knows is not this one’s to refuse or to keep', () => {
  expect(parseTenantLimits({ queuedJobs: 3, sparklesPerDay: 7, pk: 'TENANT#a' })).toEqual({
    queuedJobs: 3,
  });
});

describe('a limit out of its range is refused by its name, with the range', () => {
  test.each<[string, unknown, string]>([
    ['requestsPerMinute', 0, 'a whole number from 1 to 1000000, got 0'],
    ['requestsPerMinute', 1.5, 'a whole number from 1 to 1000000, got 1.5'],
    ['requestsPerMinute', '60', 'a whole number from 1 to 1000000, got "60"'],
    ['jobsInFlight', 501, 'a whole number from 1 to 500, got 501'],
    ['queuedJobs', -1, 'a whole number from 1 to 1000000, got -1'],
    ['tokensPerDay', 1e13, 'a whole number from 1 to 1000000000000, got 10000000000000'],
    ['resultTtlSeconds', 59, 'a whole number from 60 to 2592000, got 59'],
    ['resultTtlSeconds', 2_592_001, 'a whole number from 60 to 2592000, got 2592001'],
    ['upstreamObjects', 'yes', 'true or false, got "yes"'],
    ['models', [], '1 to 50 patterns'],
    ['models', 'gpt-5', '1 to 50 patterns'],
    ['models', Array(51).fill('a'), '1 to 50 patterns'],
    ['models', Array(50).fill('a'.repeat(60)), 'of together at most 2048 bytes'],
    ['callbackHosts', Array(51).fill('a'), '0 to 50 patterns'],
  ])('%s: %j', (name, value, expected) => {
    const fault = expect.objectContaining({
      code: 'invalid_value',
      reported: expect.objectContaining({ param: name, status: 400 }),
      message: expect.stringContaining(expected),
    });
    expect(() => parseTenantLimits({ [name]: value })).toThrow(fault);
  });

  test.each(['', 'a b', 'a,b', 'a\n', 'a"', 'a\\', '\ud800', 'a'.repeat(257)])(
    'the model %j',
    (model) => {
      expect(() => parseTenantLimits({ models: ['ok', model] })).toThrow(/models\[1\]/);
    },
  );

  const badHosts = ['', '*', '*.', '*.*.a', 'a..b', '-a', 'a-', 'A.example', 'a/b', 'a:1'];
  test.each([...badHosts, 'ä.example', 'a.example.', `${'a.'.repeat(127)}aa`, 'a\n'])(
    'the host %j',
    (host) => {
      expect(() => parseTenantLimits({ callbackHosts: [host] })).toThrow(/callbackHosts\[0\]/);
    },
  );
});

test.each([null, undefined, 'x', 5, []])('%j is no set of limits', (value) => {
  expect(() => parseTenantLimits(value)).toThrow(/expected an object/i);
});
