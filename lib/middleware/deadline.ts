import type { MiddlewareObj } from '@middy/core';
import type { Context } from 'aws-lambda';

/** The reason of a deadline's signal. */
export class FunctionEnding extends Error {
  override readonly name = 'FunctionEnding';

  constructor() {
    super('The function is about to end.');
  }
}

export type Deadline = {
  /** Aborts with a `FunctionEnding` when only the reserve is left of the function's time. */
  readonly signal: AbortSignal;
};

/** Lambda's context as the `deadline` middleware leaves it. */
export type DeadlineContext = Context & { deadline: Deadline };

const isStreamed = (response: unknown): boolean =>
  typeof response === 'object' && response !== null && 'events' in response;

type DeadlineOptions = {
  /** What the handler needs after the signal to put its work in order. */
  readonly reserveMs: number;
};

/**
 * Gives the handler the end of the function's time as a signal, `context.deadline`. middy's own early
 * time-out would race the handler's promise instead, and so lose what it still has to write.
 */
export const deadline = ({
  reserveMs,
}: DeadlineOptions): MiddlewareObj<
  unknown,
  unknown,
  Error,
  DeadlineContext,
  { deadlineTimer?: NodeJS.Timeout }
> => ({
  before: ({ context, internal }) => {
    const leftMs = context.getRemainingTimeInMillis() - reserveMs;
    const controller = new AbortController();
    const end = (): void => controller.abort(new FunctionEnding());
    if (leftMs <= 0) end();
    else internal.deadlineTimer = setTimeout(end, leftMs).unref();
    context.deadline = { signal: controller.signal };
  },
  // A stream begins when the middlewares have run: its end is the function's, or this timer's.
  after: ({ internal, response }) => {
    if (!isStreamed(response)) clearTimeout(internal.deadlineTimer);
  },
  onError: ({ internal }) => clearTimeout(internal.deadlineTimer),
});
