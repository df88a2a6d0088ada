import middy from '@middy/core';
import { describe, expect, it } from 'vitest';
import {
  type DeadlineContext,
  deadline,
  FunctionEnding,
} from '../../../lib/middleware/deadline.ts';
import { invoke, lambdaContext } from './lambda-context.ts';

/** The signal a handler with so much time got, after `handle` has run with it. */
const signalOf = async (
  remainingMs: number,
  handle: (signal: AbortSignal) => Promise<unknown> = async () => undefined,
): Promise<AbortSignal> => {
  const signals: AbortSignal[] = [];
  const handler = middy()
    .use(deadline({ reserveMs: 1_000 }))
    .handler(async (_event: unknown, context: DeadlineContext) => {
      signals.push(context.deadline.signal);
      return handle(context.deadline.signal);
    });
  await invoke(handler, {}, lambdaContext(remainingMs)).catch(() => undefined);
  const [signal] = signals;
  if (signal === undefined) throw new Error('The handler did not run.');
  return signal;
};
const aborted = (signal: AbortSignal) =>
  new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;

describe('the deadline of a function', () => {
  it('aborts the signal when the reserve begins, and says why', async () => {
    const startedAtMs = Date.now();
    const signal = await signalOf(1_050, aborted);
    expect(signal.reason).toBeInstanceOf(FunctionEnding);
    expect(Date.now() - startedAtMs).toBeGreaterThanOrEqual(45);
    expect(Date.now() - startedAtMs).toBeLessThan(1_000);
  });

  it('has passed from the start when less than the reserve is left', async () => {
    expect((await signalOf(900)).aborted).toBe(true);
  });

  it('leaves no timer behind, whether the handler answers or throws', async () => {
    const before = timers();
    const held = await signalOf(60_000, () => Promise.resolve());
    const thrown = await signalOf(60_000, () => Promise.reject(new Error('no')));
    expect([held.aborted, thrown.aborted]).toEqual([false, false]);
    expect(timers()).toBeLessThanOrEqual(before);
  });

  it('is a new one for each invocation', async () => {
    expect(await signalOf(60_000)).not.toBe(await signalOf(60_000));
  });
});
