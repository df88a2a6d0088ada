import { lookup } from 'node:dns/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { resolveByQuery } from '../../../lib/adapters/resolve-by-query.ts';
import { type NameServer, startNameServer } from '../../fixtures/name-server.ts';
import { post } from './harness.ts';

let server: NameServer;
beforeAll(async () => {
  server = await startNameServer({
    'two.example.com': ['192.0.2.1', '192.0.2.2'],
    'inner.example.com': ['10.0.0.1'],
  });
});
afterAll(() => server.close());

const resolve = () => resolveByQuery([server.address]);
const unending = new AbortController().signal;

describe('the name of a receiver', () => {
  it('is asked of the name server, for all of its addresses', async () => {
    const addresses = await resolve()('two.example.com', unending);
    expect(addresses.toSorted()).toEqual(['192.0.2.1', '192.0.2.2']);
  });

  it('whose server is silent holds up neither other names nor the rest of the process', async () => {
    const hostile = Array.from({ length: 12 }, (_, index) => `hostile-${index}.example.com`);
    const stop = new AbortController();
    const hanging = hostile.map((name) => resolve()(name, stop.signal).catch(() => 'given up'));
    await expect.poll(() => new Set(server.asked).size).toBeGreaterThanOrEqual(hostile.length);
    expect(await resolve()('two.example.com', unending)).toHaveLength(2);
    // This one takes a thread of which there are four.
    expect(await lookup('localhost')).toMatchObject({ family: expect.any(Number) });
    stop.abort();
    expect(new Set(await Promise.all(hanging))).toEqual(new Set(['given up']));
  });

  it('that leads to the inside is refused', async () => {
    const outcome = await post('https://inner.example.com/', { resolve: resolve() });
    expect(outcome).toEqual({ kind: 'refused_target', why: 'not_public' });
  });

  it('is not asked for where it is the own machine’s', async () => {
    expect(await resolve()('hooks.localhost', unending)).toEqual(['127.0.0.1', '::1']);
    expect(server.asked).not.toContain('hooks.localhost');
  });

  it('is not looked for in the hosts file, which knows names of the inside', async () => {
    const stop = new AbortController();
    const asking = resolve()('localhost.localdomain', stop.signal).catch(() => 'not found there');
    await expect.poll(() => server.asked).toContain('localhost.localdomain');
    stop.abort();
    expect(await asking).toBe('not found there');
  });
});
