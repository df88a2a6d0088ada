import type { ServerResponse } from 'node:http';
import type { FaultTurns } from './fault-turns.ts';
import type { GenerationLog } from './generations.ts';
import type { ResponseStore } from './responses/response-store.ts';

/** What one demo model remembers between requests. */
export interface DemoState {
  readonly generations: GenerationLog;
  readonly faultTurns: FaultTurns;
  readonly responses: ResponseStore;
}

/** One request whose JSON body was read, and the way to answer it. */
export interface Exchange {
  readonly body: unknown;
  readonly response: ServerResponse;
  /** Aborts when the connection closes. */
  readonly signal: AbortSignal;
  /** When the request arrived, on the clock of `performance.now()`. */
  readonly arrivedAtMs: number;
}
