import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { hashApiKey, isApiKey, newApiKey, parseBearer } from '../../../lib/wire/api-key.ts';

test('a new key holds 256 bits behind its prefix, and no two are the same', () => {
  const keys = Array.from({ length: 50 }, newApiKey);
  expect(new Set(keys).size).toBe(keys.length);
  for (const key of keys) {
    expect(key.startsWith('sk-outlast-')).toBe(true);
    expect(Buffer.from(key.slice('sk-outlast-'.length), 'base64url')).toHaveLength(32);
    expect(isApiKey(key)).toBe(true);
  }
});

test('the key of the local runtime has not the form of a key', () => {
  expect(isApiKey('sk-outlast-local')).toBe(false);
});

test('text around a key is not a key', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1, maxLength: 5 }), (more) => {
      const key = newApiKey();
      expect(isApiKey(more + key)).toBe(false);
      expect(isApiKey(key + more)).toBe(false);
    }),
  );
});

test('a key is known by the SHA-256 of its text', () => {
  const key = newApiKey();
  expect(hashApiKey(key)).toBe(createHash('sha256').update(key, 'utf8').digest('hex'));
});

test('the credential is read whatever the case of the scheme', () => {
  const key = newApiKey();
  for (const header of [`Bearer ${key}`, `bearer ${key}`, `BEARER  ${key} `]) {
    expect(parseBearer(header)).toBe(key);
  }
});

test.each([
  '',
  'Bearer',
  'Bearer ',
  'Basic dXNlcjpwYXNz',
  'Bearer a b',
  'Bearer a, Bearer b',
  'Bearer ä',
  `Bearer ${'a'.repeat(513)}`,
  'sk-outlast-local',
])('no credential is read from %j', (header) => {
  expect(parseBearer(header)).toBeUndefined();
});
