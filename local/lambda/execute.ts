import { randomUUID } from 'node:crypto';
import type { Answer } from './answer.ts';
import { claimSandbox } from './claim.ts';
import type { DeployedFunction } from './deployed-function.ts';
import { functionArn } from './environment.ts';
import type { Failure } from './failure.ts';
import type { Pool } from './pool.ts';
import { requestLimitBytes } from './quotas.ts';
import { billedMs, endLines, startLine } from './report-lines.ts';

/** What became of one event. */
export type Execution = { requestId: string; answer: Answer | { kind: 'throttled' } };

/**
 * Runs one event through a function: admission, a sandbox, the run, the log and the bill. Rejects
 * only when the pool is closed or no process can be started.
 */
export async function execute(
  pool: Pool,
  deployed: DeployedFunction,
  event: unknown,
): Promise<Execution> {
  const requestId = randomUUID();
  const payload = JSON.stringify(event ?? null);
  if (Buffer.byteLength(payload) > requestLimitBytes) {
    return { requestId, answer: { kind: 'failed', failure: requestTooLarge } };
  }
  if (!pool.enter(deployed)) return { requestId, answer: { kind: 'throttled' } };
  try {
    return { requestId, answer: await runAdmitted(pool, deployed, requestId, payload) };
  } catch (error) {
    pool.leave(deployed);
    throw error;
  }
}

async function runAdmitted(
  pool: Pool,
  deployed: DeployedFunction,
  requestId: string,
  payload: string,
): Promise<Answer> {
  const { spec, log } = deployed;
  const claim = await claimSandbox(pool, deployed, requestId);
  deployed.invocations += 1;
  log.write(startLine(requestId));

  const settle = (durationMs: number, peakMemoryMb: number, failure: Failure | undefined) => {
    const usage = { requestId, durationMs, initMs: claim.initMs };
    deployed.billedMs += billedMs(usage);
    pool.leave(deployed);
    const lines = endLines({ ...usage, memoryMb: spec.memoryMb, peakMemoryMb }, failure);
    // What the function wrote last may still be in its pipe.
    setImmediate(() => lines.forEach(log.write));
  };

  if (claim.kind === 'failed') {
    settle(claim.spentMs, 0, claim.failure);
    return claim;
  }
  const { sandbox, spentMs } = claim;
  deployed.initPaid.add(sandbox);
  const timeoutMs = Math.max(1, spec.timeoutMs - spentMs);
  return sandbox.run(
    { requestId, deadlineMs: Date.now() + timeoutMs, functionArn: functionArn(spec), payload },
    timeoutMs,
    ({ durationMs, failure }) => {
      settle(spentMs + durationMs, sandbox.peakMemoryMb(), failure);
      pool.giveBack(deployed, sandbox);
    },
  );
}

const requestTooLarge: Failure = {
  errorType: 'RequestTooLargeException',
  errorMessage: `Request must be smaller than ${requestLimitBytes} bytes for the InvokeFunction operation`,
  reason: 'request-too-large',
};
