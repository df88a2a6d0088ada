import type { IncomingMessage } from 'node:http';

/** The body of a request, or why there is none. */
export type BodyReading =
  | { kind: 'read'; body: Buffer }
  | { kind: 'too-large' }
  /** The client left before it had sent the whole. */
  | { kind: 'cut' };

/** Reads a body of at most `maxBytes`; what is beyond that is not kept in memory. */
export function readBody(incoming: IncomingMessage, maxBytes: number): Promise<BodyReading> {
  const { promise, resolve } = Promise.withResolvers<BodyReading>();
  if (incoming.destroyed && !incoming.readableEnded) resolve({ kind: 'cut' });
  if (Number(incoming.headers['content-length'] ?? 0) > maxBytes) resolve({ kind: 'too-large' });
  const chunks: Buffer[] = [];
  let bodyBytes = 0;
  incoming.on('data', (chunk: Buffer) => {
    bodyBytes += chunk.length;
    if (bodyBytes <= maxBytes) chunks.push(chunk);
    else {
      chunks.length = 0;
      resolve({ kind: 'too-large' });
    }
  });
  incoming.on('end', () => resolve({ kind: 'read', body: Buffer.concat(chunks) }));
  incoming.on('error', () => resolve({ kind: 'cut' }));
  incoming.on('close', () => resolve({ kind: 'cut' }));
  return promise;
}
