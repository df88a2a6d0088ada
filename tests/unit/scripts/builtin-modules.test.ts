import { spawnSync } from 'node:child_process';
import { build } from 'esbuild';
import { expect, test } from 'vitest';
import { builtinModulesPlugin } from '../../../scripts/build/builtin-modules.ts';

/** What the bundled text prints. */
const printed = async (contents: string): Promise<string> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: process.cwd() },
    bundle: true,
    format: 'esm',
    platform: 'node',
    write: false,
    plugins: [builtinModulesPlugin],
  });
  const [{ text } = { text: '' }] = outputFiles;
  const run = spawnSync(process.execPath, ['--input-type=module', '--eval', text], {
    encoding: 'utf8',
  });
  return run.stdout + run.stderr;
};

test('a builtin is the same whichever way it is imported', async () => {
  const out = await printed(`
    import https, { request } from 'https';
    import * as zlib from 'node:zlib';
    import { promisify } from 'node:util';
    import Stream, { Readable } from 'node:stream';
    import process, { env } from 'node:process';
    import { ReadableStream } from 'node:stream/web';
    const { gunzipSync } = await import('node:zlib');
    process.once('exit', () => console.log('exit'));
    console.log(
      https.request === request,
      String(gunzipSync(zlib.gzipSync('zipped'))),
      await promisify((done) => done(null, 'promised'))(),
      new Readable() instanceof Stream,
      env === globalThis.process.env,
      new ReadableStream() instanceof globalThis.ReadableStream,
    );`);
  expect(out).toBe('true zipped promised true true true\nexit\n');
});

test('a builtin loads nothing of what it only promises', async () => {
  const out = await printed(`
    import http from 'node:http';
    import { promisify } from 'node:util';
    import { ReadableStream } from 'node:stream/web';
    globalThis.used = [http.request, promisify, () => ReadableStream];
    const loaded = (name) => process.moduleLoadList.includes('NativeModule ' + name);
    console.log(loaded('_http_client'), loaded('internal/deps/undici/undici'), loaded('http2'),
      loaded('internal/util/parse_args/parse_args'), loaded('internal/webstreams/readablestream'));`);
  expect(out).toBe('true false false false false\n');
});
