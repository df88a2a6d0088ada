import { expect, test } from 'vitest';
import { isLoopbackHost } from '../../../../local/gateway/loopback-host.ts';

test.each(['localhost', 'LOCALHOST:3000', '127.0.0.1', '127.0.0.1:65535', '[::1]', '[::1]:80'])(
  '%s is this machine',
  (host) => {
    expect(isLoopbackHost(host)).toBe(true);
  },
);

test.each([
  undefined,
  '',
  'evil.example',
  'localhost.evil.example',
  'evil.localhost',
  '127.0.0.1.evil.example',
  '127.0.0.1@evil.example',
  'localhost:evil',
  '0.0.0.0',
  '::1',
  '192.168.0.1',
])('%s is not', (host) => {
  expect(isLoopbackHost(host)).toBe(false);
});
