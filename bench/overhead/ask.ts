import http from 'node:http';

/** One request as it is put to a server, and what it is answered. */
export type Asked = {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
};

export type Answered = {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
  /** From the request's first byte to the answer's last. */
  readonly totalMs: number;
  /** To the first byte of the body. */
  readonly firstMs: number;
};

const answerMs = 120_000;

/** The one client for every server: `node:http` with connections kept, as many as are needed. */
export const client = (): {
  ask(asked: Asked): Promise<Answered>;
  close(): void;
} => {
  const agent = new http.Agent({ keepAlive: true });
  const ask = ({ method, url, headers, body }: Asked): Promise<Answered> =>
    new Promise((resolve, reject) => {
      const startedMs = performance.now();
      const request = http.request(url, {
        agent,
        method,
        timeout: answerMs,
        headers: {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
          ...headers,
        },
      });
      request.on('error', reject);
      request.on('timeout', () => request.destroy(new Error(`no answer from ${url.href}`)));
      request.on('response', (answer) => {
        const pieces: Buffer[] = [];
        let firstMs = Number.NaN;
        answer.on('data', (piece: Buffer) => {
          if (pieces.length === 0) firstMs = performance.now() - startedMs;
          pieces.push(piece);
        });
        answer.on('error', reject);
        answer.on('end', () =>
          resolve({
            status: answer.statusCode ?? 0,
            headers: answer.headers,
            text: Buffer.concat(pieces).toString('utf8'),
            totalMs: performance.now() - startedMs,
            firstMs,
          }),
        );
      });
      request.end(body);
    });
  return { ask, close: () => agent.destroy() };
};
