import type { IncomingMessage } from 'node:http';
import { type Parsed, refusal } from './refusal.ts';

const maxBodyBytes = 20 * 1024 * 1024;

/**
 * Reads the whole body as JSON. Refused with 413 above 20 MiB and 400 when it is not JSON.
 * Rejects when the client leaves before the end.
 */
export async function readJsonBody(request: IncomingMessage): Promise<Parsed<unknown>> {
  const parts: Buffer[] = [];
  let bodyBytes = 0;
  for await (const part of request.iterator({ destroyOnReturn: false })) {
    if (!Buffer.isBuffer(part)) continue;
    bodyBytes += part.byteLength;
    if (bodyBytes > maxBodyBytes) break;
    parts.push(part);
  }
  if (bodyBytes > maxBodyBytes) {
    // Only after the iteration, which keeps a stream from flowing: an unread rest would hold back
    // the next request of this connection.
    request.resume();
    return { kind: 'refused', refusal: refusal(413, `The body is over ${maxBodyBytes} bytes.`) };
  }
  try {
    const value: unknown = JSON.parse(Buffer.concat(parts).toString('utf8'));
    return { kind: 'parsed', value };
  } catch {
    const message = 'The body of your request could not be parsed as JSON.';
    return { kind: 'refused', refusal: refusal(400, message) };
  }
}
