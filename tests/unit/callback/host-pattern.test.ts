import { expect, test } from 'vitest';
import { isHostAllowed } from '../../../lib/callback/host-pattern.ts';

test.each([
  ['hooks.example.com', undefined, true],
  ['hooks.example.com', [], false],
  ['hooks.example.com', ['hooks.example.com'], true],
  ['hooks.example.com', ['*.example.com'], true],
  ['a.b.example.com', ['*.example.com'], true],
  ['example.com', ['*.example.com'], false],
  ['badexample.com', ['*.example.com'], false],
  ['example.com.evil.org', ['*.example.com', 'example.com'], false],
  ['hooks.example.com', ['other.example.com', 'hooks.example.com'], true],
])('%s among %j: %s', (hostname, patterns, allowed) => {
  expect(isHostAllowed(hostname, patterns)).toBe(allowed);
});
