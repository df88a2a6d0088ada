import type { ServerResponse } from 'node:http';
import type { Readable } from 'node:stream';

/** How long a streamed body may last: between two chunks, and in all. */
export type RelayLimits = { idleMs: number; totalMs: number };

/**
 * Sends each chunk of a function's body as it comes, and resolves when it has ended. A body that
 * fails or outlasts its limits cuts the connection, for the status has been sent. A client that
 * leaves does not stop the function: the rest is read and thrown away.
 */
export function relay(
  body: Readable,
  response: ServerResponse,
  limits: RelayLimits,
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const cut = () => response.destroy();
  const total = setTimeout(cut, limits.totalMs);
  const idle = setTimeout(cut, limits.idleMs);
  const finish = () => {
    clearTimeout(total);
    clearTimeout(idle);
    resolve();
  };

  body.on('data', (chunk: Buffer) => {
    idle.refresh();
    if (!response.destroyed && !response.write(chunk)) body.pause();
  });
  response.on('drain', () => {
    idle.refresh();
    body.resume();
  });
  response.on('close', () => {
    clearTimeout(idle);
    body.resume();
  });
  body.on('end', () => {
    response.end();
    finish();
  });
  body.on('error', () => {
    cut();
    finish();
  });
  body.on('close', finish);
  return promise;
}
