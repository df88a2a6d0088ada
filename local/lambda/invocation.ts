import type { Readable } from 'node:stream';

/** One deployed function, as the template describes it. */
export type FunctionSpec = {
  /** The name it is invoked by, e.g. `submit`. */
  name: string;
  /** The template's logical id. */
  logicalId: string;
  /** The code root: `LAMBDA_TASK_ROOT` and the working directory of its sandboxes. */
  bundleDir: string;
  /** `dir/file.export`, relative to the code root. */
  handler: string;
  memoryMb: number;
  timeoutMs: number;
  /** The function's variables, with the region and the credentials of its role. */
  environment: Record<string, string>;
  /** Reserved concurrency; above it an invocation is throttled. */
  maxConcurrency?: number;
  /** A module that its sandboxes load before anything else. */
  preload?: string;
};

/**
 * Why an invocation failed. `handled`: the function reported it. `request-too-large` and
 * `invalid-response` are the service's own refusals, of an event over 6 MB and of an answer that is
 * too large or whose streaming prelude cannot be read.
 */
export type FailureReason =
  | 'handled'
  | 'timeout'
  | 'exit'
  | 'init'
  | 'out-of-memory'
  | 'request-too-large'
  | 'invalid-response';

/** A failed invocation, with the type and message that Lambda would give. */
export type FailedInvocation = {
  kind: 'error';
  errorType: string;
  errorMessage: string;
  requestId: string;
  reason: FailureReason;
};

/** No sandbox was allowed to run: reserved or account concurrency is used up. */
export type ThrottledInvocation = { kind: 'throttled' };

/** A whole answer, parsed from JSON (a string when it is none). */
export type BufferedInvocation = { kind: 'buffered'; payload: unknown; requestId: string };

/** The outcome of an invocation whose answer is awaited whole. */
export type Invocation = BufferedInvocation | FailedInvocation | ThrottledInvocation;

/** Status and headers that a streamed answer opens with. */
export type Prelude = {
  statusCode: number;
  headers: Record<string, string>;
  multiValueHeaders?: Record<string, string[]>;
  cookies: string[];
};

/** The outcome of an invocation whose answer may be a stream. */
export type StreamedInvocation =
  | {
      kind: 'stream';
      prelude: Prelude;
      /** Is destroyed with a {@link StreamFailure} when the function fails in mid-stream. */
      body: Readable;
      requestId: string;
    }
  | Invocation;

/** What `body` of a streamed answer is destroyed with when the function did not finish it. */
export class StreamFailure extends Error {
  override readonly name = 'StreamFailure';
  readonly failure: FailedInvocation;

  constructor(failure: FailedInvocation) {
    super(`${failure.errorType}: ${failure.errorMessage}`);
    this.failure = failure;
  }
}

/** What `GET /_local/status` shows of one function. */
export type FunctionStatus = {
  name: string;
  memoryMb: number;
  timeoutMs: number;
  invocations: number;
  billedMs: number;
  sandboxes: { pid: number; busy: boolean }[];
};
