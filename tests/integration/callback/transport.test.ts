import { execFile } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { formatSecret } from '../../../lib/callback/sign.ts';
import { reply, signed } from '../../fixtures/receiver.ts';
import { allClosed, call, post, receive, transport } from './harness.ts';

const transportFile = new URL('../../../lib/adapters/callback-transport.ts', import.meta.url).href;

/** Below 1024, so that no test's server is given it. */
const nobodysPort = 1;

describe('a callback', () => {
  it('is one POST with these headers and no others', async () => {
    const { receiver, outcome } = await call(({ socket }) => socket.end(reply(200, 'thanks')));
    expect(outcome).toMatchObject({ kind: 'answered', status: 200, firstBytes: 'thanks' });
    const [requestLine, ...lines] = receiver.received[0]?.head.split('\r\n') ?? [];
    expect(requestLine).toBe('POST /hook?x=1 HTTP/1.1');
    const headers = Object.fromEntries(lines.map((line) => line.split(': ')));
    const { headers: signature, body } = signed('{"type":"response.completed"}');
    expect(headers).toEqual({
      host: `127.0.0.1:${receiver.port}`,
      'content-type': 'application/json',
      'content-length': String(body.length),
      'user-agent': 'Outlast-Callback/1',
      'accept-encoding': 'identity',
      connection: 'close',
      'webhook-id': signature['webhook-id'],
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'webhook-signature': expect.stringMatching(/^v1,[\w+/]{43}=$/),
    });
  });

  it('arrives as it was signed, whatever characters it holds', async () => {
    const receiver = await receive(({ socket }) => socket.end(reply(204)));
    const key = Buffer.alloc(32, 9);
    const { headers, body } = signed(JSON.stringify({ metadata: 'größer 語 \ud800 🎉' }), key);
    const url = `http://127.0.0.1:${receiver.port}/`;
    await transport().post(url, headers, body, new AbortController().signal);
    const arrived = receiver.received[0]?.body ?? '';
    expect(new Webhook(formatSecret(key)).verify(arrived, { ...headers })).toEqual(
      JSON.parse(body),
    );
  });

  it('has a connection of its own, closed afterwards, whatever the receiver leaves on it', async () => {
    const receiver = await receive(({ socket }) => {
      const leftover = reply(410, 'for the next one');
      socket.write(reply(200, 'first', ['connection: keep-alive']) + leftover);
    });
    for (const turn of [1, 2, 3]) {
      const outcome = await post(`http://127.0.0.1:${receiver.port}/`);
      expect(outcome).toMatchObject({ kind: 'answered', status: 200, firstBytes: 'first' });
      expect(receiver.connections()).toBe(turn);
      await allClosed(receiver);
    }
  });

  it('goes to the next address of a name when the first takes no connection', async () => {
    const receiver = await receive(({ socket }) => socket.end(reply(204)));
    const dialled: string[] = [];
    const outcome = await post(`http://localhost:${receiver.port}/`, {
      resolve: async () => ['127.0.0.2', '127.0.0.1'],
      dial: (address) => {
        dialled.push(address);
        return connect(address === '127.0.0.1' ? receiver.port : nobodysPort, '127.0.0.1');
      },
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 204 });
    expect(dialled).toEqual(['127.0.0.2', '127.0.0.1']);
  });
});

it('the own machine’s name is looked up by the system', async () => {
  const receiver = await receive(({ socket }) => socket.end(reply(204)));
  const outcome = await post(`http://localhost:${receiver.port}/`);
  expect(outcome).toMatchObject({ kind: 'answered', status: 204 });
  expect(receiver.received[0]?.head).toContain(`host: localhost:${receiver.port}\r\n`);
});

describe('an answer', () => {
  it.each([301, 302, 303, 307, 308])('of %i is not followed', async (status) => {
    const elsewhere = await receive(({ socket }) => socket.end(reply(200)));
    const location = `location: http://127.0.0.1:${elsewhere.port}/`;
    const { outcome } = await call(({ socket }) => socket.end(reply(status, '', [location])));
    expect(outcome).toMatchObject({ kind: 'answered', status });
    expect(elsewhere.connections()).toBe(0);
  });

  it('says when it wants the next attempt, in seconds or as a date', async () => {
    const asked = async (value: string) => {
      const header = `retry-after: ${value}`;
      const nowMs = systemClock().nowMs();
      const { outcome } = await call(({ socket }) => socket.end(reply(503, '', [header])), {
        clock: { nowMs: () => nowMs },
      });
      return outcome.kind === 'answered' ? outcome.retryAfterMs : outcome;
    };
    expect(await asked('120')).toBe(120_000);
    const inAnHour = new Date(Date.now() + 3_600_000).toUTCString();
    expect(await asked(inAnHour)).toBeGreaterThan(3_000_000);
    expect(await asked('soon')).toBeUndefined();
    expect(await asked('-5')).toBeUndefined();
  });

  it('after interim ones is the one that counts', async () => {
    const interim = 'HTTP/1.1 100 X\r\n\r\nHTTP/1.1 103 X\r\nlink: </a>\r\n\r\n';
    const { outcome } = await call(({ socket }) => socket.end(interim + reply(202)));
    expect(outcome).toMatchObject({ kind: 'answered', status: 202 });
  });

  it('without an end is read to its first 512 bytes, and the connection closed', async () => {
    const { receiver, outcome } = await call(({ socket }) => {
      const piece = 'x'.repeat(64 * 1024);
      const more = () => {
        while (!socket.destroyed && socket.write(piece));
      };
      socket.write('HTTP/1.1 200 X\r\n\r\n');
      socket.on('drain', more);
      more();
    });
    expect(outcome).toMatchObject({ kind: 'answered', status: 200, firstBytes: 'x'.repeat(512) });
    await allClosed(receiver);
    // What a kernel may hold for both sides, many times over.
    expect(receiver.received[0]?.socket.bytesWritten).toBeLessThan(64 * 1024 * 1024);
  });

  it('counts by its status when the body breaks off or stays out', async () => {
    const head = 'HTTP/1.1 200 X\r\ncontent-length: 99\r\n\r\nbegun';
    const broken = await call(({ socket }) => socket.end(head));
    const begun = { kind: 'answered', status: 200, firstBytes: 'begun' };
    expect(broken.outcome).toMatchObject(begun);
    const stalled = await call(({ socket }) => socket.write(head));
    expect(stalled.outcome).toMatchObject(begun);
    await allClosed(stalled.receiver);
  });
});

it('a proxy of the environment is not used', async () => {
  const proxy = await receive(({ socket }) => socket.end(reply(502)));
  const receiver = await receive(({ socket }) => socket.end(reply(204)));
  const { headers, body } = signed('{}');
  const given = JSON.stringify([`http://127.0.0.1:${receiver.port}/`, headers, body]);
  const script = `
    import { callbackTransport } from ${JSON.stringify(transportFile)};
    const transport = callbackTransport({ clock: { nowMs: Date.now }, allowHttpLoopback: true });
    const outcome = await transport.post(...${given}, new AbortController().signal);
    process.stdout.write(String(outcome.status));
  `;
  const proxyUrl = `http://127.0.0.1:${proxy.port}`;
  const env = { NODE_USE_ENV_PROXY: '1', HTTP_PROXY: proxyUrl, http_proxy: proxyUrl };
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['--input-type=module', '-e', script], { env });
  expect(stdout).toBe('204');
  expect(proxy.connections()).toBe(0);
});
