import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { type ErrorReport, parseErrorReport } from './error-report.ts';

/** One event on its way into a sandbox. */
export type Delivery = {
  requestId: string;
  deadlineMs: number;
  functionArn: string;
  payload: string;
};

/** What a runtime says; the sandbox behind the server decides what it means. */
export type RuntimeListener = {
  /** The runtime is free; `deliver` answers it once, whenever there is an event. */
  onNext(deliver: (delivery: Delivery) => void): void;
  onInitError(report: ErrorReport): void;
  onError(requestId: string, report: ErrorReport): void;
  /** Takes the answer to `requestId`, and resolves to whether it was accepted. */
  onResponse(requestId: string, request: IncomingMessage): Promise<'accepted' | 'too-large'>;
  /** The event a runtime may answer now. */
  currentRequestId(): string | undefined;
};

/** The Runtime API of one sandbox. */
export type RuntimeApi = { address: string; close(): void };

const prefix = '/2018-06-01/runtime';

/**
 * Serves the public Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html) to
 * one sandbox, on a free port of 127.0.0.1. One server a sandbox, since a runtime is told a host
 * and a port and no path.
 */
export async function serveRuntimeApi(listener: RuntimeListener): Promise<RuntimeApi> {
  const server = createServer((request, response) => {
    route(listener, request, response).catch(() => response.destroy());
  });
  // A runtime waits for its next event, and a streamed answer lasts, as long as the function may.
  server.requestTimeout = 0;
  server.headersTimeout = 0;
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('the Runtime API has no port');
  return {
    address: `127.0.0.1:${bound.port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

async function route(
  listener: RuntimeListener,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const path = request.url ?? '';
  if (request.method === 'GET' && path === `${prefix}/invocation/next`) {
    listener.onNext((delivery) => deliver(response, delivery));
    return;
  }
  if (request.method === 'POST' && path === `${prefix}/init/error`) {
    listener.onInitError(parseErrorReport(await text(request)));
    answer(response, 202, { status: 'OK' });
    return;
  }
  const [, requestId, verb] =
    /^\/2018-06-01\/runtime\/invocation\/([^/]+)\/(\w+)$/.exec(path) ?? [];
  if (request.method !== 'POST' || (verb !== 'response' && verb !== 'error')) {
    answer(response, 404, { errorType: 'NotFound', errorMessage: path });
    return;
  }
  if (requestId === undefined || requestId !== listener.currentRequestId()) {
    request.resume();
    answer(response, 400, { errorType: 'InvalidRequestID', errorMessage: 'Invalid request ID' });
    return;
  }
  if (verb === 'error') {
    listener.onError(requestId, parseErrorReport(await text(request)));
    answer(response, 202, { status: 'OK' });
    return;
  }
  const verdict = await listener.onResponse(requestId, request);
  if (verdict === 'accepted') answer(response, 202, { status: 'OK' });
  else {
    const errorMessage = 'Exceeded maximum allowed payload size';
    answer(response, 413, { errorType: 'RequestEntityTooLarge', errorMessage });
  }
}

function deliver(response: ServerResponse, delivery: Delivery): void {
  const root = `1-${Math.floor(Date.now() / 1000).toString(16)}-${randomHex(24)}`;
  response.writeHead(200, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(delivery.payload),
    'lambda-runtime-aws-request-id': delivery.requestId,
    'lambda-runtime-deadline-ms': String(delivery.deadlineMs),
    'lambda-runtime-invoked-function-arn': delivery.functionArn,
    'lambda-runtime-trace-id': `Root=${root};Parent=${randomHex(16)};Sampled=0`,
  });
  response.end(delivery.payload);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body));
}

function randomHex(digits: number): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(digits / 2)), (byte) =>
    byte.toString(16).padStart(2, '0'),
  ).join('');
}
