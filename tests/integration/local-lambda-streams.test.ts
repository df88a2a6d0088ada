import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { StreamFailure } from '../../local/lambda/invocation.ts';
import { type LocalLambda, startLambda } from '../../local/lambda/lambda.ts';
import { fixtureSpec } from '../fixtures/lambda/fixture-spec.ts';

let lambda: LocalLambda;
let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'outlast-streams-'));
  lambda = await startLambda([
    fixtureSpec('streams.frames'),
    fixtureSpec('streams.piped'),
    fixtureSpec('streams.endless', { timeoutMs: 400 }),
    fixtureSpec('streams.noted'),
    fixtureSpec('streams.failsLate'),
    fixtureSpec('streams.failsEarly'),
    fixtureSpec('streams.wordless'),
    fixtureSpec('streams.crashesLate'),
    fixtureSpec('streams.raw'),
    fixtureSpec('functions.echo'),
  ]);
});
afterAll(async () => {
  await lambda.close();
  await rm(folder, { recursive: true });
});

async function openStream(name: string, event: unknown = {}) {
  const invocation = await lambda.invokeStreaming(name, event);
  if (invocation.kind !== 'stream') throw new Error(`no stream but ${JSON.stringify(invocation)}`);
  return invocation;
}

test('status and headers come first, and bytes before the function has ended', async () => {
  const { prelude, body } = await openStream('frames', { holdMs: 400 });
  expect(prelude).toEqual({
    statusCode: 201,
    headers: { 'content-type': 'text/event-stream', 'x-number': '7' },
    multiValueHeaders: { 'x-many': ['one', 'two'] },
    cookies: ['a=1'],
  });
  const arrivals: { chunk: string; atMs: number; busy: boolean }[] = [];
  for await (const chunk of body) {
    const [frames] = lambda.status();
    const busy = frames?.sandboxes[0]?.busy ?? false;
    arrivals.push({ chunk: String(chunk), atMs: performance.now(), busy });
  }
  expect(arrivals.map(({ chunk }) => chunk)).toEqual(['first\n', 'second\n']);
  const [first, second] = arrivals;
  expect(first?.busy).toBe(true);
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(300);
});

test('a sandbox is free again when its stream has ended', async () => {
  await text((await openStream('frames', { holdMs: 0 })).body);
  const before = lambda.status().find(({ name }) => name === 'frames')?.sandboxes;
  expect(before).toMatchObject([{ busy: false }]);
  await text((await openStream('frames', { holdMs: 0 })).body);
  expect(lambda.status().find(({ name }) => name === 'frames')?.sandboxes).toEqual(before);
});

test('a piped stream arrives whole', async () => {
  expect(await text((await openStream('piped')).body)).toBe('one two three');
});

test('a stream asked for as a whole is collected', async () => {
  expect(await lambda.invoke('piped', {})).toMatchObject({
    kind: 'buffered',
    payload: { statusCode: 201, body: 'one two three' },
  });
});

test('a function that does not stream answers a streaming invocation whole', async () => {
  expect(await lambda.invokeStreaming('echo', 1)).toMatchObject({
    kind: 'buffered',
    payload: { event: 1 },
  });
  expect(await lambda.invokeStreaming('raw', 1)).toMatchObject({
    kind: 'buffered',
    payload: 'just bytes',
  });
});

test('an error before the first byte is an error, not a stream', async () => {
  expect(await lambda.invokeStreaming('failsEarly', {})).toMatchObject({
    kind: 'error',
    reason: 'handled',
    errorType: 'TypeError',
    errorMessage: 'before the first byte',
  });
});

test('a stream that ends without a write has no prelude, and is refused', async () => {
  expect(await lambda.invokeStreaming('wordless', {})).toMatchObject({
    kind: 'error',
    reason: 'invalid-response',
  });
});

test.each([
  ['failsLate', 'handled', 'TypeError'],
  ['crashesLate', 'exit', 'Runtime.ExitError'],
  ['endless', 'timeout', 'Sandbox.Timedout'],
])('%s breaks its stream off as %s', async (name, reason, errorType) => {
  const { body } = await openStream(name);
  const broken = text(body);
  await expect(broken).rejects.toBeInstanceOf(StreamFailure);
  await expect(broken).rejects.toMatchObject({ failure: { kind: 'error', reason, errorType } });
});

test('a client that leaves does not stop the function', async () => {
  const noteFile = path.join(folder, 'left');
  const { body } = await openStream('noted', { count: 200, noteFile });
  body.destroy();
  await expect.poll(() => readFile(noteFile, 'utf8').catch(() => '')).toBe('ended\n');
  expect(await lambda.invoke('noted', { count: 1, noteFile })).toMatchObject({ kind: 'buffered' });
});

test('a client that reads slowly gets every byte', async () => {
  const noteFile = path.join(folder, 'slow');
  const { body } = await openStream('noted', { count: 100, noteFile });
  let receivedBytes = 0;
  for await (const chunk of body) {
    receivedBytes += chunk.length;
    await new Promise((resolve) => setImmediate(resolve));
  }
  expect(receivedBytes).toBe(100 * 64 * 1024);
});
