import { describe, expect, it } from 'vitest';
import type { Received } from '../../fixtures/receiver.ts';
import { allClosed, call, post } from './harness.ts';

describe('no answer', () => {
  const garbage: readonly (readonly [string, string])[] = [
    ['what is not HTTP', 'SSH-2.0-OpenSSH_9.9\r\n\r\n'],
    ['endless headers', `HTTP/1.1 200 X\r\n${`a: ${'b'.repeat(1_000)}\r\n`.repeat(9)}\r\n`],
    ['endless interim answers', 'HTTP/1.1 103 X\r\n\r\n'.repeat(100)],
    ['another protocol', 'HTTP/1.1 101 X\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n'],
    ['two lengths', 'HTTP/1.1 200 X\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  ];
  it.each(garbage)('is seen in %s', async (_, bytes) => {
    const { receiver, outcome } = await call(({ socket }) => socket.write(bytes));
    expect(outcome).toMatchObject({ kind: 'failed', why: 'garbled' });
    await allClosed(receiver);
  });

  it('comes over a connection that is closed or reset', async () => {
    const closed = await call(({ socket }) => socket.end());
    expect(closed.outcome).toMatchObject({ kind: 'failed', why: 'cut', code: 'ECONNRESET' });
    const reset = await call(({ socket }) => socket.resetAndDestroy());
    expect(reset.outcome).toMatchObject({ kind: 'failed', why: 'cut', code: 'ECONNRESET' });
  });

  it('comes where nobody listens, and where the name has no address', async () => {
    // Below 1024, so that no test's server is given it.
    const refused = await post('http://127.0.0.1:1/');
    expect(refused).toMatchObject({ kind: 'failed', why: 'unreachable', code: 'ECONNREFUSED' });

    const unknown = Object.assign(new Error('none'), { code: 'ENOTFOUND' });
    const unnamed = { kind: 'failed', why: 'name_unresolved' };
    const url = 'https://nowhere.example.com/';
    expect(await post(url, { resolve: () => Promise.reject(unknown) })).toMatchObject({
      ...unnamed,
      code: 'ENOTFOUND',
    });
    expect(await post(url, { resolve: async () => [] })).toMatchObject(unnamed);
  });

  const slow: readonly (readonly [string, (received: Received) => unknown])[] = [
    ['says nothing', () => undefined],
    ['does not end its headers', ({ socket }) => socket.write('HTTP/1.1 200 X\r\nslow: ')],
    [
      'sends its headers letter by letter',
      ({ socket }) => {
        const timer = setInterval(() => socket.write('a'), 10);
        socket.write('HTTP/1.1 200 X\r\nslow: ');
        socket.once('close', () => clearInterval(timer));
      },
    ],
  ];
  it.each(slow)('is waited for no longer from a receiver that %s', async (_, answer) => {
    const { receiver, outcome } = await call(answer, { timeoutMs: 300 });
    expect(outcome).toMatchObject({ kind: 'failed', why: 'timed_out' });
    await allClosed(receiver);
  });

  it('is waited for no longer while the name is looked up', async () => {
    const resolve = () => new Promise<readonly string[]>(() => undefined);
    const outcome = await post('https://slow.example.com/', { resolve, timeoutMs: 50 });
    expect(outcome).toMatchObject({ kind: 'failed', why: 'timed_out' });
  });

  it('is waited for no longer than the caller wants', async () => {
    const stop = new AbortController();
    const { receiver, outcome } = await call(() => stop.abort(), { signal: stop.signal });
    expect(outcome).toMatchObject({ kind: 'failed', why: 'stopped' });
    await allClosed(receiver);

    const late = await post(`http://127.0.0.1:${receiver.port}/`, { signal: AbortSignal.abort() });
    expect(late).toMatchObject({ kind: 'failed', why: 'stopped' });
    expect(receiver.connections()).toBe(1);
  });
});
