import { connect, type Socket } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import type { CallbackFailure } from '../callback/outcome.ts';
import type { CallbackTarget } from '../callback/target.ts';

/** Connects to an address, never to a name: nothing may be looked up after the check. */
export type Dial = (address: string, port: number) => Socket;

export const dialAddress: Dial = (host, port) => connect({ host, port });

/** Why there is no answer; made and read only by the callback transport. */
export class CallbackFailed extends Error {
  override readonly name = 'CallbackFailed';
  readonly why: CallbackFailure;
  readonly code: string | undefined;

  constructor(why: CallbackFailure, cause?: unknown) {
    super(`The callback failed (${why}).`, { cause });
    this.why = why;
    this.code =
      cause instanceof Error && 'code' in cause && typeof cause.code === 'string'
        ? cause.code
        : undefined;
  }
}

/** A host with a dead address has others; more than these are not tried. */
const addressesTried = 3;
/** What one address may take to connect while others are left. */
const addressMs = 4_000;

/**
 * Resolves with the socket's event `ready`; rejects when it fails or closes before, or after `withinMs`,
 * or with the signal's reason, and the socket is destroyed then.
 */
const settled = (
  socket: Socket,
  ready: 'connect' | 'secureConnect',
  why: CallbackFailure,
  signal: AbortSignal,
  withinMs?: number,
): Promise<void> =>
  new Promise((resolve, reject) => {
    const timer =
      withinMs === undefined
        ? undefined
        : setTimeout(() => fail(new CallbackFailed('timed_out')), withinMs);
    const abort = () => fail(signal.reason);
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', abort);
    };
    const fail = (reason: unknown) => {
      done();
      socket.destroy();
      reject(reason);
    };
    signal.addEventListener('abort', abort, { once: true });
    // Stays for good: a socket that is given up may still have an error to tell.
    socket.on('error', (cause) => fail(new CallbackFailed(why, cause)));
    socket.once('close', () => fail(new CallbackFailed(why)));
    socket.once(ready, () => {
      done();
      resolve();
    });
  });

const dialInTurn = async (
  dial: Dial,
  addresses: readonly string[],
  port: number,
  signal: AbortSignal,
): Promise<Socket> => {
  const [address = '', ...others] = addresses;
  signal.throwIfAborted();
  const socket = dial(address, port);
  try {
    const withinMs = others.length > 0 ? addressMs : undefined;
    await settled(socket, 'connect', 'unreachable', signal, withinMs);
    return socket;
  } catch (failure) {
    if (others.length === 0) throw failure;
    return dialInTurn(dial, others, port, signal);
  }
};

/**
 * A connection to the first of the checked `addresses` that takes it, with the receiver's certificate
 * verified for the target's own name before a byte is sent. `ca` replaces the usual authorities.
 * Throws `CallbackFailed` or the signal's reason.
 */
export const openConnection = async (
  target: CallbackTarget,
  addresses: readonly string[],
  options: { readonly dial: Dial; readonly ca: string | undefined },
  signal: AbortSignal,
): Promise<Socket> => {
  const tried = addresses.slice(0, addressesTried);
  const socket = await dialInTurn(options.dial, tried, target.port, signal);
  if (!target.secure) return socket;
  const secured = connectSecurely({
    socket,
    // What the certificate must be for; a name is told to the server too, an address may not be.
    host: target.hostname,
    ...(target.literal ? {} : { servername: target.hostname }),
    rejectUnauthorized: true,
    minVersion: 'TLSv1.2',
    ALPNProtocols: ['http/1.1'],
    ...(options.ca === undefined ? {} : { ca: options.ca }),
  });
  secured.once('close', () => socket.destroy());
  await settled(secured, 'secureConnect', 'tls_failed', signal);
  return secured;
};
