import { type IncomingHttpHeaders, request } from 'node:http';
import type { PlannedRequest } from '../request-plan.ts';

/** What came back of one HTTP request, whole or not. */
export type Exchanged = {
  /** Undefined when no status came. */
  readonly httpStatus: number | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** How it ended before its end: the client left, the connection was cut, or nobody listened. */
  readonly broken: 'left' | 'cut' | 'refused' | undefined;
};

export type Asked = {
  readonly method: 'GET' | 'POST' | 'DELETE';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly leave?: PlannedRequest['leave'];
  readonly signal?: AbortSignal;
};

const apiKey = 'sk-outlast-local';

/** One request on a connection of its own, ended where the client is to be gone. Never rejects. */
export const exchange = (url: string, asked: Asked): Promise<Exchanged> => {
  const { promise, resolve } = Promise.withResolvers<Exchanged>();
  const body = asked.body === undefined ? undefined : Buffer.from(JSON.stringify(asked.body));
  let httpStatus: number | undefined;
  let headers: IncomingHttpHeaders = {};
  let text = '';
  let left = false;
  let whole = false;
  const { leave } = asked;
  const sent = request(url, {
    method: asked.method,
    agent: false,
    headers: {
      authorization: `Bearer ${apiKey}`,
      ...(body === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': body.byteLength }),
      ...asked.headers,
    },
    ...(asked.signal === undefined ? {} : { signal: asked.signal }),
  });
  const go = (): void => {
    left = true;
    sent.destroy();
  };
  sent.on('response', (answer) => {
    httpStatus = answer.statusCode;
    headers = answer.headers;
    answer.setEncoding('utf8');
    answer.on('data', (piece: string) => {
      text += piece;
    });
    answer.on('end', () => {
      whole = answer.complete;
    });
    answer.on('error', () => undefined);
  });
  let refused = false;
  sent.on('error', (fault: NodeJS.ErrnoException) => {
    refused = fault.code === 'ECONNREFUSED';
  });
  sent.on('close', () => {
    const cut = refused ? 'refused' : 'cut';
    const broken = left ? 'left' : cut;
    resolve({ httpStatus, headers, text, broken: whole ? undefined : broken });
  });
  if (leave?.part === 'answer') {
    let bytes = 0;
    sent.on('socket', (socket) => {
      socket.on('data', (chunk: Buffer) => {
        bytes += chunk.byteLength;
        if (bytes >= leave.afterBytes) go();
      });
    });
  }
  if (body !== undefined && leave?.part === 'request' && leave.afterBytes < body.byteLength) {
    sent.flushHeaders();
    sent.write(body.subarray(0, leave.afterBytes), () => go());
  } else sent.end(body);
  return promise;
};
