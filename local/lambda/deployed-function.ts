import type { FunctionSpec, FunctionStatus } from './invocation.ts';
import type { FunctionLog } from './log.ts';
import type { Sandbox } from './sandbox.ts';

/** One function of this Lambda: what was deployed, its sandboxes and its counts. */
export type DeployedFunction = {
  readonly spec: FunctionSpec;
  readonly log: FunctionLog;
  /** Every live sandbox; `idle` are those that wait for an event, the last used one last. */
  readonly sandboxes: Set<Sandbox>;
  idle: { sandbox: Sandbox; sinceMs: number }[];
  /** Invocations admitted and not ended. */
  inFlight: number;
  invocations: number;
  billedMs: number;
  /** Sandboxes whose init phase an invocation has been billed for. */
  readonly initPaid: WeakSet<Sandbox>;
};

/** A function that has not run yet. */
export function deployFunction(spec: FunctionSpec, log: FunctionLog): DeployedFunction {
  return {
    spec,
    log,
    sandboxes: new Set(),
    idle: [],
    inFlight: 0,
    invocations: 0,
    billedMs: 0,
    initPaid: new WeakSet(),
  };
}

/** The function as the status route shows it. */
export function statusOf(deployed: DeployedFunction): FunctionStatus {
  const { spec, sandboxes, idle, invocations, billedMs } = deployed;
  const waiting = new Set(idle.map(({ sandbox }) => sandbox));
  return {
    name: spec.name,
    memoryMb: spec.memoryMb,
    timeoutMs: spec.timeoutMs,
    invocations,
    billedMs,
    sandboxes: [...sandboxes].map((sandbox) => ({
      pid: sandbox.pid,
      busy: !waiting.has(sandbox),
    })),
  };
}
