import type { ErrorReport } from './error-report.ts';
import type { FailedInvocation, FailureReason } from './invocation.ts';

/** Why a sandbox gave no answer, before it is known whose invocation that fails. */
export type Failure = Omit<FailedInvocation, 'kind' | 'requestId'>;

/** How a sandbox's process ended. */
export type ProcessEnd = {
  code: number | null;
  signal: NodeJS.Signals | null;
  /** Memory was what it ended of: it outgrew its size, or its heap could not grow. */
  outOfMemory: boolean;
};

const signalNames: Partial<Record<NodeJS.Signals, string>> = {
  SIGKILL: 'killed',
  SIGABRT: 'aborted',
  SIGSEGV: 'segmentation fault',
  SIGTERM: 'terminated',
  SIGINT: 'interrupt',
};

/** The failure that a function reported itself. */
export function reportedFailure(report: ErrorReport, reason: FailureReason = 'handled'): Failure {
  return { errorType: report.errorType, errorMessage: report.errorMessage, reason };
}

/** The failure of a process that ended before it answered, worded as Lambda words it. */
export function exitFailure(end: ProcessEnd, requestId?: string): Failure {
  const prefix = requestId === undefined ? '' : `RequestId: ${requestId} Error: `;
  if (end.outOfMemory) {
    return {
      errorType: 'Runtime.OutOfMemory',
      errorMessage: `${prefix}Runtime exited with error: signal: killed`,
      reason: 'out-of-memory',
    };
  }
  return {
    errorType: 'Runtime.ExitError',
    errorMessage: `${prefix}${exitText(end)}`,
    reason: 'exit',
  };
}

function exitText({ code, signal }: ProcessEnd): string {
  if (signal !== null) return `Runtime exited with error: signal: ${signalNames[signal] ?? signal}`;
  if (code === 0) return 'Runtime exited without providing a reason';
  return `Runtime exited with error: exit status ${code ?? 'unknown'}`;
}

/** The failure of an invocation that used up its time. */
export function timeoutFailure(requestId: string, timeoutMs: number): Failure {
  const seconds = (timeoutMs / 1000).toFixed(2);
  return {
    errorType: 'Sandbox.Timedout',
    errorMessage: `${new Date().toISOString()} ${requestId} Task timed out after ${seconds} seconds`,
    reason: 'timeout',
  };
}

/** The refusal of an answer that Lambda, or the gateway behind it, would not take. */
export function invalidResponse(errorType: string, errorMessage: string): Failure {
  return { errorType, errorMessage, reason: 'invalid-response' };
}
