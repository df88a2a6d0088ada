import http from 'node:http';
import https from 'node:https';
import { pipeline, type Readable, type Transform } from 'node:stream';
import zlib from 'node:zlib';
import type { Clock } from '../ports/system.ts';

/*
 * The SDK's requests over node:http. Node's own fetch gives up after 300 s without headers or
 * between two pieces of body (undici's headersTimeout and bodyTimeout), and the options that lift
 * this can only be passed by adding the undici package in the version Node was built with. A
 * reasoning model may be silent for ten minutes, and the adapter keeps time-outs of its own.
 */

/** Why no answer came. Nothing was processed when `unreachable`; otherwise nobody can tell. */
export class ConnectionFailed extends Error {
  override readonly name = 'ConnectionFailed';
  readonly reason: 'unreachable' | 'lost' | 'garbled';
  /** Node's error code, such as ECONNREFUSED. */
  readonly code: string;

  constructor(reason: ConnectionFailed['reason'], code: string, cause: unknown) {
    super(`The connection failed (${code}).`, { cause });
    this.reason = reason;
    this.code = code;
  }
}

export type Transport = (input: string | URL | Request, init?: RequestInit) => Promise<Response>;

/** How long a name, a TCP and a TLS handshake may take together. */
const connectMs = 10_000;
/**
 * A connection idle for longer is not used again: Lambda freezes a sandbox between two events, so
 * the other side's goodbye may go unread.
 */
const idleMaxMs = 10_000;
/** What a server may take to end a body of which the last event was read. */
const drainMs = 1_000;

type Agents = { readonly http: http.Agent; readonly https: https.Agent };

const closeIdle = (agents: Agents): void => {
  for (const agent of [agents.http, agents.https]) {
    for (const sockets of Object.values(agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }
};

const codeOf = (thrown: Error): string =>
  'code' in thrown && typeof thrown.code === 'string' ? thrown.code : 'unknown';

const send = (agents: Agents, url: URL, init: RequestInit): Promise<http.IncomingMessage> =>
  new Promise((resolve, reject) => {
    const secure = url.protocol === 'https:';
    const request = (secure ? https : http).request(url, {
      agent: secure ? agents.https : agents.http,
      method: init.method ?? 'GET',
      // Compressed events would wait in the compressor; an answer that is compressed all the same is read.
      headers: { ...Object.fromEntries(new Headers(init.headers)), 'accept-encoding': 'identity' },
    });
    let answer: http.IncomingMessage | undefined;
    // Not the request's own option `signal`: that destroys the socket with an error even when the
    // answer has ended and the socket is back in the pool, where nobody listens (Node 24.21).
    const abort = () => (answer ?? request).destroy();
    init.signal?.addEventListener('abort', abort, { once: true });
    request.once('close', () => init.signal?.removeEventListener('abort', abort));
    let connected = false;
    request.once('socket', (socket) => {
      connected = !socket.connecting;
      if (connected) return;
      const timer = setTimeout(() => {
        request.destroy(Object.assign(new Error('No connection in time.'), { code: 'ETIMEDOUT' }));
      }, connectMs);
      socket.once(secure ? 'secureConnect' : 'connect', () => {
        connected = true;
        clearTimeout(timer);
      });
      request.once('close', () => clearTimeout(timer));
    });
    request.on('error', (cause) => {
      const code = codeOf(cause);
      if (init.signal?.aborted) return reject(cause);
      if (code.startsWith('HPE_')) return reject(new ConnectionFailed('garbled', code, cause));
      // A kept connection that is reset had been closed by the server before this request.
      const reason = connected && !request.reusedSocket ? 'lost' : 'unreachable';
      reject(new ConnectionFailed(reason, code, cause));
    });
    request.once('response', (message) => {
      answer = message;
      resolve(message);
    });
    request.end(typeof init.body === 'string' ? init.body : undefined);
  });

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: zlib.createGunzip,
  'x-gzip': zlib.createGunzip,
  deflate: zlib.createInflate,
  br: zlib.createBrotliDecompress,
};

const decoded = (message: http.IncomingMessage): Readable => {
  const encoding = message.headers['content-encoding']?.trim().toLowerCase();
  const decoder = encoding === undefined ? undefined : decoders[encoding]?.();
  // The reader of the body gets the error; here it only must not be unhandled.
  const ignore = () => undefined;
  message.on('error', ignore);
  return decoder === undefined ? message : pipeline(message, decoder, ignore);
};

const drain = async (message: http.IncomingMessage, pieces: AsyncIterator<unknown>) => {
  const timer = setTimeout(() => message.destroy(), drainMs);
  timer.unref();
  try {
    while (!(await pieces.next()).done);
  } catch {
    // The connection is gone, so there is nothing left to keep for the next request.
  } finally {
    clearTimeout(timer);
  }
};

const bodyOf = (message: http.IncomingMessage): ReadableStream<Uint8Array> => {
  const pieces: AsyncIterator<Uint8Array> = decoded(message)[Symbol.asyncIterator]();
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const next = await pieces.next();
        if (next.done) controller.close();
        else controller.enqueue(next.value);
      },
      // Comes after the last event: read to the end, the connection serves the next request.
      cancel: () => void drain(message, pieces),
    },
    { highWaterMark: 0 },
  );
};

const bodilessStatuses: readonly number[] = [204, 205, 304];

/**
 * A `fetch` for the SDK: keeps connections, has no time-out after the connection stands, follows no
 * redirect (a key must not travel to another host). Aborting destroys the socket at once, before and
 * after the headers. Rejects with `ConnectionFailed`.
 */
export const openaiTransport = (clock: Clock): Transport => {
  const agents: Agents = {
    http: new http.Agent({ keepAlive: true }),
    https: new https.Agent({ keepAlive: true }),
  };
  let lastUsedMs: number = clock.nowMs();
  return async (input, init = {}) => {
    init.signal?.throwIfAborted();
    const url = new URL(input instanceof Request ? input.url : input);
    if (clock.nowMs() - lastUsedMs > idleMaxMs) closeIdle(agents);
    const message = await send(agents, url, init);
    lastUsedMs = clock.nowMs();
    message.once('close', () => {
      lastUsedMs = clock.nowMs();
    });
    const headers = new Headers();
    for (const [name, values] of Object.entries(message.headersDistinct)) {
      for (const value of values ?? []) headers.append(name, value);
    }
    const status = message.statusCode ?? 0;
    const bodiless = bodilessStatuses.includes(status);
    if (bodiless) message.resume();
    return new Response(bodiless ? null : bodyOf(message), { status, headers });
  };
};
