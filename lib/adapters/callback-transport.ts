import { excerpt } from '../callback/excerpt.ts';
import type { CallbackOutcome } from '../callback/outcome.ts';
import type { SignatureHeaders } from '../callback/sign.ts';
import { type CallbackTarget, mayReach, readTarget } from '../callback/target.ts';
import { deliveryAttemptMs } from '../limits.ts';
import type { CallbackTransport } from '../ports/callbacks.ts';
import type { Clock } from '../ports/system.ts';
import { CallbackFailed, type Dial, dialAddress, openConnection } from './callback-connection.ts';
import { exchange } from './callback-exchange.ts';
import { retryAfterMs } from './openai-retry-after.ts';
import { type Resolve, resolveByQuery } from './resolve-by-query.ts';

export type CallbackTransportOptions = {
  readonly clock: Pick<Clock, 'nowMs'>;
  /** Admits http:// to the own machine. Never where tenants are strangers. */
  readonly allowHttpLoopback: boolean;
  readonly timeoutMs?: number;
  readonly resolve?: Resolve;
  readonly dial?: Dial;
  /** Certificate authorities (PEM) in place of the usual ones. */
  readonly ca?: string;
};

/** Whatever the look-up does with the signal, it is no longer waited for. */
const unlessAborted = <T>(pending: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    signal.addEventListener('abort', abort, { once: true });
    void pending.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort));
  });

const addressesOf = async (
  target: CallbackTarget,
  resolve: Resolve,
  signal: AbortSignal,
): Promise<readonly string[]> => {
  if (target.literal) return [target.hostname];
  const named = resolve(target.hostname, signal).catch((cause: unknown) => {
    throw new CallbackFailed('name_unresolved', cause);
  });
  const addresses = await unlessAborted(named, signal);
  if (addresses.length === 0) throw new CallbackFailed('name_unresolved');
  return addresses;
};

/**
 * Callbacks over a connection of their own each. The name is looked up once, every address it has must
 * be one that the target may reach, and the connection goes to one of these very addresses: an answer
 * that changes between two look-ups (DNS rebinding) changes nothing. A name with one address that is
 * not public is refused whole, since nobody means to have one.
 */
export const callbackTransport = (options: CallbackTransportOptions): CallbackTransport => {
  const { clock, resolve = resolveByQuery(), dial = dialAddress, ca } = options;

  const attempt = async (
    url: string,
    content: { readonly headers: SignatureHeaders; readonly body: string },
    signal: AbortSignal,
    tookMs: () => number,
  ): Promise<CallbackOutcome> => {
    const reading = readTarget(url, options);
    if (reading.kind === 'refused') return { kind: 'refused_target', why: reading.why };
    const { target } = reading;
    signal.throwIfAborted();
    const addresses = await addressesOf(target, resolve, signal);
    if (!addresses.every((address) => mayReach(target, address))) {
      return { kind: 'refused_target', why: 'not_public' };
    }
    const socket = await openConnection(target, addresses, { dial, ca }, signal);
    const answer = await exchange(target, socket, content, signal);
    const asked = new Headers(answer.retryAfter ? { 'retry-after': answer.retryAfter } : {});
    return {
      kind: 'answered',
      status: answer.status,
      retryAfterMs: retryAfterMs(asked, clock.nowMs()),
      firstBytes: excerpt(answer.bytes),
      tookMs: tookMs(),
    };
  };

  return {
    async post(url, headers, body, signal) {
      const startedAtMs = clock.nowMs();
      const tookMs = () => Math.max(0, clock.nowMs() - startedAtMs);
      const ended = new AbortController();
      const end = (why: 'timed_out' | 'stopped') => ended.abort(new CallbackFailed(why));
      const stop = () => end('stopped');
      const timer = setTimeout(() => end('timed_out'), options.timeoutMs ?? deliveryAttemptMs);
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      try {
        return await attempt(url, { headers, body }, ended.signal, tookMs);
      } catch (thrown) {
        if (!(thrown instanceof CallbackFailed)) throw thrown;
        return { kind: 'failed', why: thrown.why, code: thrown.code, tookMs: tookMs() };
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
      }
    },
  };
};
