import type { DeployedFunction } from './deployed-function.ts';
import { type Failure, timeoutFailure } from './failure.ts';
import type { Pool } from './pool.ts';
import { failedInitLine } from './report-lines.ts';
import type { InitEnd, Sandbox } from './sandbox.ts';

/**
 * A sandbox ready for one invocation, or why there is none. `initMs` is what the invocation pays for
 * init phases before its own time began; `spentMs` is what an init phase took of its own time.
 */
export type Claim =
  | { kind: 'ready'; sandbox: Sandbox; initMs: number; spentMs: number }
  | { kind: 'failed'; failure: Failure; initMs: number; spentMs: number };

/**
 * Takes a sandbox for an invocation. An init phase that failed, or took longer than its limit, is
 * repeated once, then within the time of the function, as Lambda does it
 * (https://docs.aws.amazon.com/lambda/latest/dg/lambda-runtime-environment.html). Rejects when the
 * pool does.
 */
export async function claimSandbox(
  pool: Pool,
  deployed: DeployedFunction,
  requestId: string,
): Promise<Claim> {
  const first = await initialise(pool, deployed);
  if (first.kind === 'ready') {
    return { kind: 'ready', sandbox: first.sandbox, initMs: first.initMs, spentMs: 0 };
  }
  const { timeoutMs } = deployed.spec;
  const second = await initialise(pool, deployed, timeoutMs);
  const spent = { initMs: first.initMs, spentMs: second.initMs };
  if (second.kind === 'ready') return { kind: 'ready', sandbox: second.sandbox, ...spent };
  const failure =
    second.failure.reason === 'timeout' ? timeoutFailure(requestId, timeoutMs) : second.failure;
  return { kind: 'failed', failure, ...spent };
}

/** A sandbox past its init phase, with the init time that nobody has paid for yet. */
export type Initialised =
  | { kind: 'ready'; sandbox: Sandbox; initMs: number }
  | Extract<InitEnd, { kind: 'failed' }>;

/** Takes a sandbox and sees it through its init phase, which may last `initLimitMs`. */
export async function initialise(
  pool: Pool,
  deployed: DeployedFunction,
  initLimitMs?: number,
): Promise<Initialised> {
  for (;;) {
    const sandbox = await pool.take(deployed, initLimitMs);
    const end = await sandbox.initEnd;
    if (end.kind === 'failed') {
      deployed.log.write(failedInitLine(end.initMs, end.failure));
      return end;
    }
    if (sandbox.alive()) {
      const paid = deployed.initPaid.has(sandbox);
      return { kind: 'ready', sandbox, initMs: paid ? 0 : end.initMs };
    }
  }
}
