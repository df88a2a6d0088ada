import { once } from 'node:events';
import dynalite from 'dynalite';
import { StartFault } from '../start-fault.ts';
import type { Emulator } from './emulator.ts';

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
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new StartFault('No port is free.');
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async close() {
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
