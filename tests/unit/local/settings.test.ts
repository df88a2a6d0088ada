import path from 'node:path';
import { expect, test } from 'vitest';
import { readSettings } from '../../../local/settings.ts';

const faultsOf = (environment: Record<string, string>, args: string[] = []) => {
  const reading = readSettings(environment, args);
  return reading.kind === 'faulty' ? reading.faults : [];
};

test('nothing set gives port 3000, the folder .outlast and no upstream', () => {
  expect(readSettings({}, [])).toEqual({
    kind: 'read',
    settings: {
      port: 3000,
      dataDir: path.resolve('.outlast'),
      fresh: false,
      verbose: false,
      openaiBaseUrl: undefined,
      openaiApiKey: undefined,
      functionTimeoutMs: undefined,
    },
  });
});

test('what stands between the functions and the emulators, and what is done to sandboxes', () => {
  const args = ['--table-endpoint', 'http://127.0.0.1:9000', '--queue-endpoint=http://[::1]:1'];
  expect(
    readSettings({}, [...args, '--preload', 'skew.mjs', '--function-timeout', '20']),
  ).toMatchObject({
    settings: {
      tableEndpoint: 'http://127.0.0.1:9000',
      queueEndpoint: 'http://[::1]:1',
      preload: path.resolve('skew.mjs'),
      functionTimeoutMs: 20_000,
    },
  });
});

test.each([
  ['--table-endpoint', '127.0.0.1:9000'],
  ['--queue-endpoint', 'http://127.0.0.1:9000/path'],
  ['--function-timeout', '0'],
  ['--function-timeout', '1.5'],
  ['--preload', ''],
])('%s %s is refused', (flag, value) => {
  expect(faultsOf({}, [flag, value])).toEqual([expect.stringMatching(`^${flag} needs `)]);
});

test('flags and variables are taken, and an empty variable counts as not set', () => {
  const environment = { PORT: '0', OPENAI_BASE_URL: 'http://127.0.0.1:1/v1', OPENAI_API_KEY: '' };
  expect(readSettings(environment, ['--fresh', '--verbose', '--data', '/tmp/x'])).toEqual({
    kind: 'read',
    settings: {
      port: 0,
      dataDir: '/tmp/x',
      fresh: true,
      verbose: true,
      openaiBaseUrl: 'http://127.0.0.1:1/v1',
      openaiApiKey: undefined,
    },
  });
});

test.each(['x', '-1', '65536', '3000.5', '1e3', '0x10'])('PORT=%s is refused', (port) => {
  expect(faultsOf({ PORT: port })).toEqual(['PORT must be a whole number from 0 to 65535.']);
});

test.each(['foo', 'ftp://x/v1', '127.0.0.1:8080/v1', 'http://me:secret@127.0.0.1/v1'])(
  'OPENAI_BASE_URL=%s is refused and not repeated',
  (url) => {
    const faults = faultsOf({ OPENAI_BASE_URL: url });
    expect(faults).toHaveLength(1);
    expect(faults[0]).not.toContain(url);
  },
);

test('all faults are given together', () => {
  const faults = faultsOf({ PORT: 'x', OPENAI_BASE_URL: 'foo', PUBLIC_BASE_URL: 'bar' }, [
    '--bogus',
    'extra',
    '--fresh=1',
    '--data',
  ]);
  expect(faults).toHaveLength(7);
  expect(faults.join('\n')).toMatch(/--bogus.*extra.*--fresh.*--data.*PORT.*OPENAI.*PUBLIC/s);
});
