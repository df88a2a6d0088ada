import { Resolver } from 'node:dns/promises';

/**
 * All addresses of a name, those to be tried first in front. Rejects when it has none, or once the
 * signal is aborted.
 */
export type Resolve = (hostname: string, signal: AbortSignal) => Promise<readonly string[]>;

/** One server's answer is waited for so long the first time (c-ares; the next times longer). */
const queryMs = 2_000;
const queries = 2;

/** RFC 6761, 6.3: these names are the own machine's, and no server is asked for them. */
const localhost = /(?:^|\.)localhost$/;

const addressesOf = (answer: PromiseSettledResult<string[]>): readonly string[] =>
  answer.status === 'fulfilled' ? answer.value : [];

/**
 * Asks the machine's name servers, or `servers`, itself (c-ares) and reads no hosts file. Not by
 * `dns.lookup`: that takes one of libuv's four threads for as long as it lasts ("Implementation
 * considerations" of node:dns, read 2026-11), so that four names whose servers hang would hold up every
 * other name that the process looks up, the table's and the queue's with them.
 *
 * IPv4 first: a Lambda function outside of a VPC has no way out by IPv6. An address that one of the two
 * questions did not bring is never dialled, so that one of them is enough.
 */
export const resolveByQuery =
  (servers?: readonly string[]): Resolve =>
  async (hostname, signal) => {
    if (localhost.test(hostname)) return ['127.0.0.1', '::1'];
    signal.throwIfAborted();
    // One for each name, so that it can be called off without the others.
    const resolver = new Resolver({ timeout: queryMs, tries: queries });
    if (servers !== undefined) resolver.setServers(servers);
    const cancel = (): void => resolver.cancel();
    signal.addEventListener('abort', cancel, { once: true });
    try {
      const [four, six] = await Promise.allSettled([
        resolver.resolve4(hostname),
        resolver.resolve6(hostname),
      ]);
      const addresses = [...addressesOf(four), ...addressesOf(six)];
      if (addresses.length === 0 && four.status === 'rejected') throw four.reason;
      return addresses;
    } finally {
      signal.removeEventListener('abort', cancel);
    }
  };
