import { once } from 'node:events';
import type { Server, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import dynalite from 'dynalite';
import { StartFault } from '../start-fault.ts';
import type { Emulator } from './emulator.ts';

const lastAnswersMs = 2_000;

/**
 * Resolves once no request is being worked on, or after a moment. dynalite goes on with the request of
 * a client that has gone, and throws past everybody when its database is closed meanwhile.
 */
const watchWork = (server: Server): (() => Promise<void>) => {
  const answers = new Set<ServerResponse>();
  server.prependListener('request', (_, answer: ServerResponse) => {
    answers.add(answer);
    answer.once('finish', () => answers.delete(answer));
  });
  return async () => {
    const untilMs = performance.now() + lastAnswersMs;
    while ([...answers].some((answer) => !answer.writableEnded) && performance.now() < untilMs) {
      await sleep(5);
    }
  };
};

/**
 * DynamoDB on a free loopback port, its tables in the folder `path`, or in memory without one.
 * Throws `StartFault` when the folder cannot be opened.
 */
export async function startTableEmulator(options: { path?: string }): Promise<Emulator> {
  const server = dynalite({
    ...options,
    createTableMs: 0,
    deleteTableMs: 0,
    updateTableMs: 0,
  });
  const workIsDone = watchWork(server);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new StartFault('No port is free.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
      await workIsDone();
      const closed = new Promise<void>((resolve, reject) => {
        server.close((fault) =>
          fault === undefined || fault === null ? resolve() : reject(fault),
        );
      });
      server.closeAllConnections();
      await closed;
    },
  };
}
