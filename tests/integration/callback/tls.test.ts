import { once } from 'node:events';
import { createServer } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { callbackTransport } from '../../../lib/adapters/callback-transport.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { selfSigned } from '../../fixtures/certificate.ts';
import {
  divertedTo,
  type Receiver,
  reply,
  signed,
  startReceiver,
} from '../../fixtures/receiver.ts';

const host = 'hooks.example.com';
const defaultUrl = `https://${host}/x`;
const address = '93.184.215.14';
const good = selfSigned({ names: [host], addresses: [address] });

const opened: Receiver[] = [];
afterEach(() => Promise.all(opened.splice(0).map((receiver) => receiver.close())));

type Trial = {
  readonly certificate?: { readonly cert: string; readonly key: string };
  readonly ca?: string;
  readonly url?: string;
  readonly timeoutMs?: number;
};

/** One callback to a receiver that answers 204. */
const call = async (trial: Trial) => {
  const { certificate, ca, url = defaultUrl, timeoutMs = 10_000 } = trial;
  const receiver = await startReceiver(({ socket }) => socket.end(reply(204)), certificate);
  opened.push(receiver);
  const { dialled, dial } = divertedTo(receiver.port);
  const transport = callbackTransport({
    clock: systemClock(),
    allowHttpLoopback: false,
    resolve: async () => [address],
    dial,
    timeoutMs,
    ...(ca === undefined ? {} : { ca }),
  });
  const { headers, body } = signed('{}');
  const outcome = await transport.post(url, headers, body, new AbortController().signal);
  return { outcome, receiver, dialled };
};

const refusedWith = (code: string) => ({ kind: 'failed', why: 'tls_failed', code });

it('a receiver whose certificate an authority vouches for is called, and told its name', async () => {
  const { outcome, receiver, dialled } = await call({ certificate: good, ca: good.cert });
  expect(outcome).toMatchObject({ kind: 'answered', status: 204 });
  expect(dialled).toEqual([`${address}:443`]);
  const [request] = receiver.received;
  expect(request?.servername).toBe(host);
  expect(request?.head).toContain(`host: ${host}\r\n`);
});

it('a receiver with a certificate of its own making gets no request', async () => {
  const { outcome, receiver } = await call({ certificate: good });
  expect(outcome).toMatchObject(refusedWith('DEPTH_ZERO_SELF_SIGNED_CERT'));
  expect(receiver.connections()).toBe(1);
  expect(receiver.received).toEqual([]);
});

it('nor does it when the environment says not to verify', async () => {
  process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
  try {
    const { outcome, receiver } = await call({ certificate: good });
    expect(outcome).toMatchObject(refusedWith('DEPTH_ZERO_SELF_SIGNED_CERT'));
    expect(receiver.received).toEqual([]);
  } finally {
    delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
  }
});

it('a certificate for another name is refused', async () => {
  const other = selfSigned({ names: ['other.example.com'], addresses: [address] });
  const { outcome, receiver } = await call({ certificate: other, ca: other.cert });
  expect(outcome).toMatchObject(refusedWith('ERR_TLS_CERT_ALTNAME_INVALID'));
  expect(receiver.received).toEqual([]);
});

it('a certificate that has run out is refused', async () => {
  const old = selfSigned({ names: [host] }, -0.5);
  const { outcome, receiver } = await call({ certificate: old, ca: old.cert });
  expect(outcome).toMatchObject(refusedWith('CERT_HAS_EXPIRED'));
  expect(receiver.received).toEqual([]);
});

it('an address is called when the certificate is for that address', async () => {
  const url = `https://${address}:8443/x`;
  const { outcome, receiver, dialled } = await call({ certificate: good, ca: good.cert, url });
  expect(outcome).toMatchObject({ kind: 'answered', status: 204 });
  expect(dialled).toEqual([`${address}:8443`]);
  expect(receiver.received[0]?.servername).toBeUndefined();
  expect(receiver.received[0]?.head).toContain(`host: ${address}:8443\r\n`);

  const named = selfSigned({ names: [host] });
  expect((await call({ certificate: named, ca: named.cert, url })).outcome).toMatchObject(
    refusedWith('ERR_TLS_CERT_ALTNAME_INVALID'),
  );
});

it('a receiver that never ends the handshake is waited for no longer than any other', async () => {
  const silent = await call({ timeoutMs: 300 });
  expect(silent.outcome).toMatchObject({ kind: 'failed', why: 'timed_out' });
  expect(silent.dialled).toEqual([`${address}:443`]);
  expect(silent.receiver.received).toEqual([]);
  await expect.poll(() => silent.receiver.open()).toBe(0);
});

it('a receiver that speaks something else than TLS gets no request', async () => {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const listening = server.address();
  const port = typeof listening === 'object' && listening !== null ? listening.port : 0;
  const transport = callbackTransport({
    clock: systemClock(),
    allowHttpLoopback: false,
    resolve: async () => [address],
    dial: divertedTo(port).dial,
  });
  const { headers, body } = signed('{}');
  const outcome = await transport.post(defaultUrl, headers, body, new AbortController().signal);
  expect(outcome).toMatchObject({ kind: 'failed', why: 'tls_failed' });
  server.close();
  await once(server, 'close');
});
