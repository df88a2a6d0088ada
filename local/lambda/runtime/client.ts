import { Agent, type ClientRequest, type IncomingHttpHeaders, request } from 'node:http';
import type { ErrorReport } from '../error-report.ts';

/** The Runtime API, from the runtime's side. Every call rejects when the connection is lost. */
export type RuntimeClient = {
  /** Waits, without a time-out, for the next event. */
  next(): Promise<{ headers: IncomingHttpHeaders; body: string }>;
  respond(requestId: string, body: string): Promise<void>;
  fail(requestId: string, report: ErrorReport): Promise<void>;
  failInit(report: ErrorReport): Promise<void>;
  /** Opens the request that carries a streamed answer; nothing is sent before its first write. */
  openResponse(requestId: string): { request: ClientRequest; accepted: Promise<void> };
};

const version = '2018-06-01';

/**
 * Speaks the public Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html)
 * with the server at `host:port`.
 */
export function connectRuntimeApi(address: string): RuntimeClient {
  const origin = `http://${address}/${version}/runtime`;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });

  // Errors go over a connection of their own: the shared one may be held by an open stream.
  const post = (path: string, body: string, headers: Record<string, string>) => {
    const sent = request(`${origin}${path}`, {
      method: 'POST',
      agent: path.endsWith('/response') ? agent : false,
      headers: { 'content-length': Buffer.byteLength(body), ...headers },
    });
    const answered = answerOf(sent);
    sent.end(body);
    return answered.then(() => undefined);
  };
  const postError = (path: string, report: ErrorReport) =>
    post(path, JSON.stringify(report), {
      'content-type': 'application/vnd.aws.lambda.error+json',
      'lambda-runtime-function-error-type': encodeURIComponent(report.errorType),
    });

  return {
    next: async () => {
      const asked = request(`${origin}/invocation/next`, { agent });
      const answered = answerOf(asked);
      asked.end();
      return answered;
    },
    respond: (requestId, body) =>
      post(`/invocation/${requestId}/response`, body, { 'content-type': 'application/json' }),
    fail: (requestId, report) => postError(`/invocation/${requestId}/error`, report),
    failInit: (report) => postError('/init/error', report),
    openResponse: (requestId) => {
      const opened = request(`${origin}/invocation/${requestId}/response`, {
        method: 'POST',
        agent,
        headers: {
          'lambda-runtime-function-response-mode': 'streaming',
          'transfer-encoding': 'chunked',
          'content-type': 'application/octet-stream',
          trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
        },
      });
      return { request: opened, accepted: answerOf(opened).then(() => undefined) };
    },
  };
}

function answerOf(sent: ClientRequest): Promise<{ headers: IncomingHttpHeaders; body: string }> {
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (answer) => {
      let body = '';
      answer.setEncoding('utf8');
      answer.on('data', (chunk: string) => {
        body += chunk;
      });
      answer.on('error', reject);
      answer.on('end', () => resolve({ headers: answer.headers, body }));
    });
  });
}
