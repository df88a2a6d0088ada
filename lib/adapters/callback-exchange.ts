import http from 'node:http';
import type { Socket } from 'node:net';
import type { SignatureHeaders } from '../callback/sign.ts';
import type { CallbackTarget } from '../callback/target.ts';
import { CallbackFailed } from './callback-connection.ts';

const userAgent = 'Outlast-Callback/1';
/** Nothing of an answer after this is read; short answers end within it, so their sender sees no reset. */
const maxReadBytes = 4_096;
const maxHeaderBytes = 8_192;
/** Interim answers (1xx) that are put up with: their number is not limited by Node. */
const maxInterim = 8;
/** The status decides; this is how long the body may take to come after it. */
const bodyMs = 2_000;

export type Answer = {
  readonly status: number;
  readonly retryAfter: string | undefined;
  /** The beginning of the body. */
  readonly bytes: Uint8Array;
};

/** Never rejects: a body that breaks off, or stays out, has come after a status all the same. */
const readStart = (message: http.IncomingMessage, signal: AbortSignal): Promise<Uint8Array> =>
  new Promise((resolve) => {
    const pieces: Buffer[] = [];
    let readBytes = 0;
    const done = () => {
      clearTimeout(timer);
      resolve(Buffer.concat(pieces));
    };
    const timer = setTimeout(done, bodyMs);
    signal.addEventListener('abort', done, { once: true });
    message.on('data', (piece: Buffer) => {
      if (readBytes < maxReadBytes) pieces.push(piece);
      readBytes += piece.length;
      if (readBytes >= maxReadBytes) done();
    });
    message.on('error', done);
    message.once('close', done);
  });

/**
 * Posts `body` on a connection of its own and reads the answer's head and the beginning of its body.
 * Follows no redirect and uses no proxy. The connection is closed in any case. Throws `CallbackFailed`
 * while there is no status yet, or the signal's reason.
 */
export const exchange = (
  target: CallbackTarget,
  socket: Socket,
  content: { readonly headers: SignatureHeaders; readonly body: string },
  signal: AbortSignal,
): Promise<Answer> =>
  new Promise<Answer>((resolve, reject) => {
    const request = http.request({
      method: 'POST',
      path: target.path,
      setHost: false,
      headers: {
        host: target.host,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(content.body),
        'user-agent': userAgent,
        'accept-encoding': 'identity',
        'webhook-id': content.headers['webhook-id'],
        'webhook-timestamp': content.headers['webhook-timestamp'],
        'webhook-signature': content.headers['webhook-signature'],
        connection: 'close',
      },
      maxHeaderSize: maxHeaderBytes,
      insecureHTTPParser: false,
      // With a connection given there is no agent, so nothing is kept and no proxy is used.
      createConnection: () => socket,
    });
    let answered = false;
    const fail = (reason: unknown) => {
      if (answered) return;
      request.destroy();
      reject(reason);
    };
    signal.addEventListener('abort', () => fail(signal.reason), { once: true });
    if (signal.aborted) fail(signal.reason);
    let interim = 0;
    request.on('information', () => {
      interim += 1;
      if (interim > maxInterim) fail(new CallbackFailed('garbled'));
    });
    request.on('upgrade', () => fail(new CallbackFailed('garbled')));
    request.on('error', (cause) => {
      const failed = new CallbackFailed('cut', cause);
      fail(failed.code?.startsWith('HPE_') ? new CallbackFailed('garbled', cause) : failed);
    });
    request.once('close', () => fail(new CallbackFailed('cut')));
    request.once('response', (message) => {
      answered = true;
      const { statusCode: status = 0, headers } = message;
      void readStart(message, signal).then((bytes) => {
        resolve({ status, retryAfter: headers['retry-after'], bytes });
      });
    });
    request.end(content.body);
  }).finally(() => socket.destroy());
