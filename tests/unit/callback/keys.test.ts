import { expect, it } from 'vitest';
import { rotateKeys, signingWith } from '../../../lib/callback/keys.ts';
import { after, epochMs } from '../../../lib/job/time.ts';
import { callbackSecretOverlapMs } from '../../../lib/limits.ts';

const nowMs = epochMs(1_800_000_000_000);
const key = (filled: number) => Buffer.alloc(32, filled);

it('the one before signs along for a day, the newest first', () => {
  const keys = rotateKeys(rotateKeys([], key(1), nowMs), key(2), nowMs);
  expect(signingWith(keys, nowMs)).toEqual([key(2), key(1)]);
  expect(signingWith(keys, after(nowMs, callbackSecretOverlapMs))).toEqual([key(2)]);
});

it('rotating again does not prolong what was rotated away', () => {
  const twice = rotateKeys(rotateKeys([], key(1), nowMs), key(2), nowMs);
  const laterMs = after(nowMs, callbackSecretOverlapMs / 2);
  const thrice = rotateKeys(twice, key(3), laterMs);
  expect(signingWith(thrice, laterMs)).toEqual([key(3), key(2), key(1)]);
  const dayLaterMs = after(nowMs, callbackSecretOverlapMs);
  expect(signingWith(thrice, dayLaterMs)).toEqual([key(3), key(2)]);
  expect(signingWith(rotateKeys(thrice, key(4), laterMs), laterMs)).toHaveLength(3);
});
