import { createServer } from 'node:http';
import { FaultTurns } from './fault-turns.ts';
import { GenerationLog } from './generations.ts';
import { ResponseStore } from './responses/response-store.ts';
import { route } from './route.ts';

interface DemoModelOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** A free one unless given. */
  readonly port?: number;
}

/** A running demo model. */
export interface DemoModel {
  /** The base URL for an OpenAI client, with `/v1`. */
  readonly baseUrl: string;
  readonly port: number;
  /** Ends every open connection; resolves when the port is free again. */
  close(): Promise<void>;
}

// Longer than the idle time-outs of common HTTP clients, so that the client closes first.
const keepAliveTimeoutMs = 75_000;

/**
 * Starts the demo model: an OpenAI-compatible server that writes fixed text at a set rate and fails
 * on request. Resolves when it listens; rejects with the system's error when the port is taken.
 */
export async function startDemoModel(options: DemoModelOptions = {}): Promise<DemoModel> {
  const host = options.host ?? '127.0.0.1';
  const state = {
    generations: new GenerationLog(),
    faultTurns: new FaultTurns(),
    responses: new ResponseStore(),
  };
  const server = createServer({ keepAliveTimeout: keepAliveTimeoutMs }, (request, response) => {
    void route(state, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, host, resolve);
  });
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const urlHost = host.includes(':') ? `[${host}]` : host;
  return {
    baseUrl: `http://${urlHost}:${port}/v1`,
    port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        state.responses.reset();
        server.closeAllConnections();
      }),
  };
}
