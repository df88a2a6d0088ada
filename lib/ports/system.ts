import type { EpochMs } from '../job/time.ts';

export interface Clock {
  nowMs(): EpochMs;
  /** Resolves after `ms`, or rejects with the signal's reason. Keeps the process alive till then. */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface Ids {
  /** 128 bits, sortable by time, without a prefix. */
  next(): string;
  /** 128 random bits: owners and nonces. */
  nonce(): string;
  /** Random bytes, of which a secret is made. */
  secretBytes(count: number): Uint8Array;
  /** Uniform in [0, 1). */
  random(): number;
}

/** Structured log. `event` is subject then past participle: `attempt.started`. Never content or keys. */
export interface Log {
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  /** `error` in the fields is logged with its stack and causes. */
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}
