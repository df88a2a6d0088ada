import { once } from 'node:events';
import { createServer } from 'node:http';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { secret } from '../../../lib/adapters/secrets.ts';
import { epochMs } from '../../../lib/job/time.ts';

const clock = { ms: 0, nowMs: () => epochMs(clock.ms) };

/** An SSM that answers with `parameters`, and refuses the rest. */
const parameters = new Map<string, string>();
const asked: unknown[] = [];
const server = createServer((request, response) => {
  const pieces: Buffer[] = [];
  request.on('data', (piece: Buffer) => pieces.push(piece));
  request.on('end', () => {
    const input: unknown = JSON.parse(Buffer.concat(pieces).toString());
    asked.push(input);
    const name = String(input instanceof Object && 'Name' in input ? input.Name : '');
    const value = parameters.get(name);
    response.writeHead(value === undefined ? 400 : 200, {
      'content-type': 'application/x-amz-json-1.1',
    });
    response.end(
      JSON.stringify(
        value === undefined
          ? { __type: 'ParameterNotFound' }
          : { Parameter: { Name: name, Value: value } },
      ),
    );
  });
});

beforeEach(async () => {
  parameters.clear();
  asked.length = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  vi.stubEnv('AWS_ENDPOINT_URL_SSM', `http://127.0.0.1:${port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  server.close();
  await once(server, 'close');
});

test('a value given is the secret, and nobody is asked', async () => {
  expect(await secret('sk-1', '/outlast/key', clock)()).toBe('sk-1');
  expect(asked).toEqual([]);
});

test('neither given is no secret; empty is not given', async () => {
  expect(await secret(undefined, undefined, clock)()).toBeUndefined();
  expect(await secret('', '', clock)()).toBeUndefined();
});

test('a parameter is read decrypted on first use and again after five minutes', async () => {
  parameters.set('/outlast/key', 'sk-1');
  const read = secret('', '/outlast/key', clock);
  expect(asked).toEqual([]);
  expect(await Promise.all([read(), read()])).toEqual(['sk-1', 'sk-1']);
  expect(asked).toEqual([{ Name: '/outlast/key', WithDecryption: true }]);
  parameters.set('/outlast/key', 'sk-2');
  expect(await read()).toBe('sk-1');
  clock.ms += 5 * 60_000;
  expect(await read()).toBe('sk-2');
});

test('the last value serves while SSM fails', async () => {
  parameters.set('/outlast/key', 'sk-1');
  const read = secret(undefined, '/outlast/key', clock);
  await read();
  parameters.clear();
  clock.ms += 5 * 60_000;
  expect(await read()).toBe('sk-1');
});

test('a parameter that was never read is a fault of configuration that names it', async () => {
  const read = secret(undefined, '/outlast/missing', clock);
  await expect(read()).rejects.toMatchObject({
    code: 'misconfigured',
    message: expect.stringContaining('/outlast/missing'),
  });
  parameters.set('/outlast/missing', 'sk-3');
  expect(await read()).toBe('sk-3');
});
