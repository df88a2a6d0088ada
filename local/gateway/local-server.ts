import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { StartFault } from '../start-fault.ts';
import { isLoopbackHost } from './loopback-host.ts';

/** The HTTP server of the local runtime. */
export type LocalServer = {
  port: number;
  /** Begins to answer with `listener`; until then requests are told to come back. */
  serve(listener: RequestListener): void;
  /** Ends it and every connection. */
  close(): Promise<void>;
};

/**
 * Takes a port of 127.0.0.1, a free one for 0. Only requests whose `Host` is a loopback name reach
 * the listener. Throws `StartFault` when the port cannot be had.
 */
export async function openLocalServer(port: number): Promise<LocalServer> {
  let listener: RequestListener = (_incoming, response) => {
    response.setHeader('Retry-After', '1');
    sendError(response, 503, 'starting', 'Outlast is starting. Try again in a moment.');
  };
  // Without the option Node refuses a request without Host by itself, and with no body.
  const server = createServer({ requireHostHeader: false }, (incoming, response) => {
    const hosts = incoming.headersDistinct['host'] ?? [];
    if (hosts.length > 1) {
      // https://www.rfc-editor.org/rfc/rfc9112#section-3.2-5
      sendError(response, 400, 'malformed_request', 'The request has more than one Host header.');
    } else if (isLoopbackHost(hosts[0])) {
      listener(incoming, response);
    } else {
      const message = 'Only requests to localhost, 127.0.0.1 or [::1] are answered here.';
      sendError(response, 403, 'host_not_allowed', message);
    }
  });
  server.on('clientError', answerMalformed);
  server.on('checkExpectation', (_incoming, response: ServerResponse) => {
    const message = 'The only expectation that can be met is 100-continue.';
    sendError(response, 417, 'expectation_failed', message);
  });
  server.on('connect', (_incoming, socket: Duplex) => {
    socket.on('error', () => socket.destroy());
    endWith(socket, '405 Method Not Allowed', 'method_not_allowed', 'This is not a proxy.');
  });
  // Longer than clients keep an idle connection, so that none is reused just as it closes here.
  server.keepAliveTimeout = 75_000;
  server.timeout = 0;
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (cause) {
    throw portFault(port, cause);
  }
  const address = server.address();
  return {
    port: address === null || typeof address === 'string' ? port : address.port,
    serve(next) {
      listener = next;
    },
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function portFault(port: number, cause: unknown): StartFault {
  const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const example = `set PORT to another, e.g. PORT=${port === 3001 ? 3002 : 3001} npm start`;
  if (code === 'EADDRINUSE') return new StartFault(`Port ${port} is in use: ${example}`, { cause });
  if (code === 'EACCES')
    return new StartFault(`Port ${port} is not allowed: ${example}`, { cause });
  return new StartFault(`Port ${port} cannot be used (${String(code)}): ${example}`, { cause });
}

function errorBody(code: string, message: string): string {
  return JSON.stringify({
    error: { message, type: 'invalid_request_error', param: null, code },
  });
}

function sendError(response: ServerResponse, status: number, code: string, message: string): void {
  response.writeHead(status, {
    'Content-Type': 'application/json',
    'x-request-id': randomUUID(),
  });
  response.end(errorBody(code, message));
}

const malformed: Record<string, readonly [status: string, code: string, message: string]> = {
  HPE_HEADER_OVERFLOW: [
    '431 Request Header Fields Too Large',
    'headers_too_large',
    'The headers of the request are too large.',
  ],
  ERR_HTTP_REQUEST_TIMEOUT: [
    '408 Request Timeout',
    'request_timeout',
    'The request did not arrive in time.',
  ],
};

/** Answers what is not HTTP; nothing of it has reached a listener. */
function answerMalformed(fault: NodeJS.ErrnoException, socket: Duplex): void {
  if (!socket.writable || fault.code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, code, message] = malformed[fault.code ?? ''] ?? [
    '400 Bad Request',
    'malformed_request',
    'The request is not valid HTTP.',
  ];
  endWith(socket, status, code, message);
}

/** An answer where there is no response object to write it with. */
function endWith(socket: Duplex, status: string, code: string, message: string): void {
  const body = errorBody(code, message);
  const head = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    `x-request-id: ${randomUUID()}`,
  ].join('\r\n');
  socket.end(`${head}\r\n\r\n${body}`);
}
