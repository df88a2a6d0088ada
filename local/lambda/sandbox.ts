import { performance } from 'node:perf_hooks';
import { type Answer, readAnswer } from './answer.ts';
import type { ErrorReport } from './error-report.ts';
import {
  exitFailure,
  type Failure,
  type ProcessEnd,
  reportedFailure,
  timeoutFailure,
} from './failure.ts';
import { type FunctionSpec, StreamFailure } from './invocation.ts';
import { type Delivery, serveRuntimeApi } from './runtime-api.ts';
import { startProcess } from './sandbox-process.ts';

/** How the init phase of a sandbox ended. */
export type InitEnd =
  | { kind: 'ready'; initMs: number }
  | { kind: 'failed'; initMs: number; failure: Failure };

/** How a run ended: the sandbox is free again, or gone. */
export type RunEnd = { durationMs: number; failure?: Failure };

/** One execution environment: a process, its Runtime API, and at most one event at a time. */
export type Sandbox = {
  readonly pid: number;
  readonly initEnd: Promise<InitEnd>;
  readonly exited: Promise<void>;
  alive(): boolean;
  peakMemoryMb(): number;
  /**
   * Hands over one event. Resolves to the answer: when it is whole and the sandbox is free or gone,
   * or, for a stream, with its first bytes. `onEnd` is called before that, or when the stream ends.
   */
  run(delivery: Delivery, timeoutMs: number, onEnd: (end: RunEnd) => void): Promise<Answer>;
  kill(): void;
};

type Run = {
  delivery: Delivery;
  timeoutMs: number;
  startedMs: number;
  timer: NodeJS.Timeout;
  answer?: Answer;
  /** All of the answer was taken: what happens to the sandbox now no longer concerns it. */
  whole: boolean;
  failure?: Failure;
  resolve(answer: Answer): void;
  onEnd(end: RunEnd): void;
};

/**
 * Starts a sandbox. Its init phase ends when the runtime asks for its first event, reports an init
 * error, dies, or has taken `initLimitMs`; in the last three cases the process is ended.
 *
 *   init ──► idle ◄──► running          any ──► dead (reported, killed, out of memory, out of time)
 */
export async function startSandbox(
  spec: FunctionSpec,
  options: { initLimitMs: number; onLine(line: string): void; onExit(): void },
): Promise<Sandbox> {
  const startedMs = performance.now();
  const init = Promise.withResolvers<InitEnd>();
  const exit = Promise.withResolvers<void>();
  let initReport: ErrorReport | undefined;
  let ready = false;
  let timedOut = false;
  let end: ProcessEnd | undefined;
  let deliver: ((delivery: Delivery) => void) | undefined;
  let run: Run | undefined;

  const finish = (lost?: Failure) => {
    if (run === undefined) return;
    const { answer, timer, delivery, onEnd, resolve } = run;
    clearTimeout(timer);
    const failure = run.failure ?? (run.whole ? undefined : lost);
    const durationMs = performance.now() - run.startedMs;
    run = undefined;
    onEnd(failure === undefined ? { durationMs } : { durationMs, failure });
    if (answer?.kind === 'stream') {
      if (failure === undefined) answer.body.end();
      else {
        const { requestId } = delivery;
        answer.body.destroy(new StreamFailure({ kind: 'error', requestId, ...failure }));
      }
    } else resolve(answer ?? { kind: 'failed', failure: failure ?? exitFailure(noReason) });
  };

  const api = await serveRuntimeApi({
    onNext: (answerNext) => {
      deliver = answerNext;
      if (!ready) {
        ready = true;
        clearTimeout(initTimer);
        init.resolve({ kind: 'ready', initMs: performance.now() - startedMs });
      }
      finish(
        run?.answer === undefined ? exitFailure(noReason, run?.delivery.requestId) : undefined,
      );
    },
    onInitError: (report) => {
      initReport ??= report;
    },
    onError: (_requestId, report) => {
      if (run === undefined) return;
      run.failure = reportedFailure(report);
      if (run.answer?.kind !== 'stream') run.answer = { kind: 'failed', failure: run.failure };
    },
    onResponse: async (_requestId, request) => {
      const answered = run;
      const { failure } = await readAnswer(request, (answer) => {
        if (answered === undefined) return;
        answered.answer = answer;
        if (answer.kind === 'stream') answered.resolve(answer);
      });
      if (answered !== undefined) {
        answered.whole = true;
        if (failure !== undefined) answered.failure ??= failure;
      }
      return failure?.errorType === 'Function.ResponseSizeTooLarge' ? 'too-large' : 'accepted';
    },
    currentRequestId: () => run?.delivery.requestId,
  });

  const child = startProcess(spec, api.address, {
    line: options.onLine,
    end: (processEnd) => {
      end = processEnd;
      clearTimeout(initTimer);
      api.close();
      if (!ready) {
        const initMs = performance.now() - startedMs;
        init.resolve({ kind: 'failed', initMs, failure: initFailure(processEnd) });
      }
      options.onExit();
      if (run !== undefined) {
        const { delivery, timeoutMs } = run;
        finish(
          timedOut
            ? timeoutFailure(delivery.requestId, timeoutMs)
            : exitFailure(processEnd, delivery.requestId),
        );
      }
      exit.resolve();
    },
  });
  const expire = () => {
    timedOut = true;
    child.kill();
  };
  const initTimer = setTimeout(expire, options.initLimitMs);

  const initFailure = (processEnd: ProcessEnd): Failure => {
    if (initReport !== undefined) return reportedFailure(initReport, 'init');
    if (!timedOut) return { ...exitFailure(processEnd), reason: 'init' };
    const errorMessage = `Init timed out after ${(options.initLimitMs / 1000).toFixed(2)} seconds`;
    return { errorType: 'Sandbox.Timedout', errorMessage, reason: 'timeout' };
  };

  return {
    pid: child.pid,
    initEnd: init.promise,
    exited: exit.promise,
    alive: () => end === undefined,
    peakMemoryMb: child.peakMemoryMb,
    kill: child.kill,
    run: (delivery, timeoutMs, onEnd) => {
      const { promise, resolve } = Promise.withResolvers<Answer>();
      const timer = setTimeout(expire, timeoutMs);
      run = {
        delivery,
        timeoutMs,
        startedMs: performance.now(),
        timer,
        whole: false,
        resolve,
        onEnd,
      };
      if (end !== undefined) finish(exitFailure(end, delivery.requestId));
      else deliver?.(delivery);
      deliver = undefined;
      return promise;
    },
  };
}

const noReason: ProcessEnd = { code: 0, signal: null, outOfMemory: false };
