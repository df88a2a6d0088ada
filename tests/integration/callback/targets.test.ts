import { connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callbackTransport } from '../../../lib/adapters/callback-transport.ts';
import type { Resolve } from '../../../lib/adapters/resolve-by-query.ts';
import { systemClock } from '../../../lib/adapters/system-clock.ts';
import { selfSigned } from '../../fixtures/certificate.ts';
import {
  divertedTo,
  type Receiver,
  reply,
  signed,
  startReceiver,
} from '../../fixtures/receiver.ts';

const publicAddress = '93.184.215.14';

/** What names resolve to here: each at least once to where no callback may go. */
const names: Readonly<Record<string, readonly string[]>> = {
  'loopback.example.com': ['127.0.0.1'],
  '127.0.0.1.nip.io': ['127.0.0.1'],
  'loopback6.example.com': ['::1'],
  'any.example.com': ['0.0.0.0'],
  'any6.example.com': ['::'],
  'mapped.example.com': ['::ffff:127.0.0.1'],
  'mapped-hex.example.com': ['::ffff:7f00:1'],
  'compatible.example.com': ['::127.0.0.1'],
  'nat64.example.com': ['64:ff9b::7f00:1'],
  '6to4.example.com': ['2002:7f00:1::'],
  'teredo.example.com': ['2001:0:7f00:1::'],
  'metadata.example.com': ['169.254.169.254'],
  'metadata6.example.com': ['fd00:ec2::254'],
  'runtime.example.com': ['169.254.100.1'],
  'containers.example.com': ['169.254.170.2'],
  'private.example.com': ['10.0.0.1'],
  'shared.example.com': ['100.100.100.200'],
  'link-local.example.com': ['fe80::1'],
  'zoned.example.com': ['fe80::1%lo'],
  'zoned-loopback.example.com': ['::1%lo'],
  'broadcast.example.com': ['255.255.255.255'],
  'second.example.com': [publicAddress, '127.0.0.1'],
  'last.example.com': [publicAddress, '2606:4700::1', '1.1.1.1', '::1'],
  'first.example.com': ['10.0.0.1', publicAddress],
  'mixed.example.com': [publicAddress, '::ffff:a9fe:a9fe'],
  'name.example.com': ['localhost'],
  'decimal.example.com': ['2130706433'],
  'octal.example.com': ['0177.0.0.1'],
  'short.example.com': ['127.1'],
  'blank.example.com': [''],
  'bracketed.example.com': ['[::1]'],
};

const literals = [
  '127.0.0.1',
  '127.1',
  '2130706433',
  '017700000001',
  '0x7f000001',
  '0x7f.0x0.0x0.0x1',
  '0177.0.0.01',
  '127.0.0.1.',
  '0',
  '0.0.0.0',
  '%31%32%37.0.0.1',
  '１２７.０.０.１',
  '127。0。0。1',
  '①②⑦.⓪.⓪.①',
  'localhost',
  'LOCALHOST.',
  'ｌｏｃａｌｈｏｓｔ',
  'a.localhost',
  'example.com@127.0.0.1',
  'example.com\\@127.0.0.1',
  'metadata.google.internal',
  '169.254.169.254',
  '2852039166',
  '169.254.100.1',
  '[::1]',
  '[::]',
  '[0:0:0:0:0:0:0:1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:7f00:1]',
  '[::127.0.0.1]',
  '[64:ff9b::127.0.0.1]',
  '[2002:7f00:1::]',
  '[fd00:ec2::254]',
  '[fe80::1%25lo]',
];

describe('a hostile target', () => {
  const traps: Server[] = [];
  let port = 0;
  let trapped = 0;

  const listen = (host: string, at: number) =>
    new Promise<number>((resolve, reject) => {
      const trap = createServer((socket) => {
        trapped += 1;
        socket.destroy();
      });
      trap.once('error', reject);
      trap.listen(at, host, () => {
        traps.push(trap);
        const address = trap.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });

  beforeAll(async () => {
    port = await listen('127.0.0.1', 0);
    // Not every machine has IPv6; the dialler below sees what would have been connected to.
    await listen('::1', port).catch(() => 0);
  });
  afterAll(() => Promise.all(traps.map((trap) => new Promise((done) => trap.close(done)))));

  const watched = (options: { readonly allowHttpLoopback: boolean; readonly resolve: Resolve }) => {
    const dialled: string[] = [];
    const transport = callbackTransport({
      ...options,
      clock: systemClock(),
      timeoutMs: 5_000,
      dial: (address, at): Socket => {
        dialled.push(address);
        return connect(at, address);
      },
    });
    const post = (url: string) => {
      const { headers, body } = signed('{}');
      return transport.post(url, headers, body, new AbortController().signal);
    };
    return { dialled, post };
  };

  const fromTable: Resolve = async (hostname) => {
    const addresses = names[hostname];
    if (addresses === undefined) throw new Error(`${hostname} was looked up.`);
    return addresses;
  };

  it('is trapped when it is dialled', async () => {
    const { post, dialled } = watched({ allowHttpLoopback: true, resolve: fromTable });
    expect(await post(`http://127.0.0.1:${port}/`)).toMatchObject({ kind: 'failed', why: 'cut' });
    expect(dialled).toEqual(['127.0.0.1']);
    expect(trapped).toBe(1);
    trapped = 0;
  });

  it.each([...literals, ...Object.keys(names)])('is not dialled: %s', async (host) => {
    const { post, dialled } = watched({ allowHttpLoopback: false, resolve: fromTable });
    expect(await post(`https://${host}:${port}/`)).toMatchObject({ kind: 'refused_target' });
    expect(await post(`http://${host}:${port}/`)).toMatchObject({ kind: 'refused_target' });
    expect(dialled).toEqual([]);
    expect(trapped).toBe(0);
  });

  it('is not dialled where http to the own machine is admitted, unless it is that', async () => {
    const resolve: Resolve = async () => [publicAddress, '127.0.0.1'];
    const { post, dialled } = watched({ allowHttpLoopback: true, resolve });
    for (const url of [
      ...literals.map((host) => `https://${host}:${port}/`),
      `https://second.example.com:${port}/`,
      `http://second.example.com:${port}/`,
      // A name of the own machine that leads elsewhere.
      `http://localhost:${port}/`,
    ]) {
      expect(await post(url)).toMatchObject({ kind: 'refused_target' });
    }
    expect(dialled).toEqual([]);
    expect(trapped).toBe(0);
  });

  it('tells nothing of what its name resolves to', async () => {
    const { post } = watched({ allowHttpLoopback: false, resolve: fromTable });
    const outcome = await post('https://private.example.com/');
    expect(outcome).toEqual({ kind: 'refused_target', why: 'not_public' });
  });
});

describe('a name that changes its mind (DNS rebinding)', () => {
  const host = 'rebinds.example.com';
  const certificate = selfSigned({ names: [host] });
  let receiver: Receiver;
  beforeAll(async () => {
    receiver = await startReceiver(({ socket }) => socket.end(reply(204)), certificate);
  });
  afterAll(() => receiver.close());

  it('is looked up once a delivery attempt, and dialled where that look-up said or not at all', async () => {
    const { dialled, dial } = divertedTo(receiver.port);
    let lookups = 0;
    const resolve: Resolve = async () => {
      lookups += 1;
      return lookups % 2 === 1 ? [publicAddress] : ['127.0.0.1'];
    };
    const transport = callbackTransport({
      clock: systemClock(),
      allowHttpLoopback: false,
      resolve,
      dial,
      ca: certificate.cert,
    });
    const kinds: string[] = [];
    for (let turn = 0; turn < 10; turn += 1) {
      const { headers, body } = signed('{}');
      const { signal } = new AbortController();
      kinds.push((await transport.post(`https://${host}/`, headers, body, signal)).kind);
    }
    expect(kinds).toEqual(Array.from({ length: 5 }, () => ['answered', 'refused_target']).flat());
    expect(lookups).toBe(10);
    expect(dialled).toEqual(Array.from({ length: 5 }, () => `${publicAddress}:443`));
    expect(receiver.received.map(({ servername }) => servername)).toEqual(Array(5).fill(host));
  });
});
