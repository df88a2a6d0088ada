import type { Failure } from './failure.ts';

/** What one invocation used, as its REPORT line tells it. */
export type Usage = {
  requestId: string;
  durationMs: number;
  /** Init time that this invocation is billed for. */
  initMs: number;
  memoryMb: number;
  peakMemoryMb: number;
};

/**
 * Billed time: duration and init together, rounded up to the next millisecond. Init of managed
 * runtimes is billed since 2025-08-01
 * (https://aws.amazon.com/blogs/compute/aws-lambda-standardizes-billing-for-init-phase/).
 */
export function billedMs({ durationMs, initMs }: Pick<Usage, 'durationMs' | 'initMs'>): number {
  return Math.ceil(durationMs + initMs);
}

/** The line that opens the log of an invocation. */
export function startLine(requestId: string): string {
  return `START RequestId: ${requestId} Version: $LATEST`;
}

/** The lines that close the log of an invocation, in Lambda's text format. */
export function endLines(usage: Usage, failure: Failure | undefined): string[] {
  const { requestId, durationMs, initMs, memoryMb, peakMemoryMb } = usage;
  const fields = [
    `REPORT RequestId: ${requestId}`,
    `Duration: ${durationMs.toFixed(2)} ms`,
    `Billed Duration: ${billedMs(usage)} ms`,
    `Memory Size: ${memoryMb} MB`,
    `Max Memory Used: ${peakMemoryMb} MB`,
    ...(initMs > 0 ? [`Init Duration: ${initMs.toFixed(2)} ms`] : []),
    ...statusFields(failure),
  ];
  const end = [`END RequestId: ${requestId}`, fields.join('\t')];
  if (failure === undefined || failure.reason === 'handled') return end;
  return [`${failure.errorMessage} ${failure.errorType}`, ...end];
}

/** The line of an init phase that failed. */
export function failedInitLine(initMs: number, failure: Failure): string {
  const status = statusFields(failure).join('\t');
  return `INIT_REPORT Init Duration: ${initMs.toFixed(2)} ms\tPhase: init\t${status}`;
}

function statusFields(failure: Failure | undefined): string[] {
  if (failure === undefined || failure.reason === 'handled') return [];
  if (failure.reason === 'timeout') return ['Status: timeout'];
  return ['Status: error', `Error Type: ${failure.errorType}`];
}
