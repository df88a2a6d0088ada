import { text } from 'node:stream/consumers';
import { setImmediate } from 'node:timers/promises';
import type { Answer } from './answer.ts';
import { initialise } from './claim.ts';
import { type DeployedFunction, deployFunction, statusOf } from './deployed-function.ts';
import { type Execution, execute } from './execute.ts';
import {
  type FailedInvocation,
  type FunctionSpec,
  type FunctionStatus,
  type Invocation,
  type StreamedInvocation,
  StreamFailure,
} from './invocation.ts';
import { type LogOptions, openLog } from './log.ts';
import { createPool, type PoolOptions } from './pool.ts';
import { accountConcurrency, initLimitMs } from './quotas.ts';

export type {
  FunctionSpec,
  FunctionStatus,
  Invocation,
  StreamedInvocation,
} from './invocation.ts';

/** The Lambda service of the one-machine runtime. Its methods reject only as each one says. */
export type LocalLambda = {
  /** Rejects when there is no such function, and after `close`. A stream is awaited whole. */
  invoke(name: string, event: unknown): Promise<Invocation>;
  /** Like `invoke`, but a streamed answer is handed over with its first bytes. */
  invokeStreaming(name: string, event: unknown): Promise<StreamedInvocation>;
  /** Has one sandbox ready; rejects with the message of the init error. */
  warm(name: string): Promise<void>;
  status(): FunctionStatus[];
  /** Kills every sandbox, in mid-run too, and resolves when none is left. */
  close(): Promise<void>;
};

/** Where logs go, and the bounds that differ from AWS's own or from this machine's. */
export type LambdaOptions = LogOptions & Partial<PoolOptions>;

const defaults: PoolOptions = {
  accountConcurrency,
  // About 4 GB of processes at 80 MB each; beyond it invocations wait, they are not throttled.
  maxSandboxes: 50,
  idleLimitMs: 5 * 60_000,
  initLimitMs,
};

/** Starts a Lambda with these functions, none of which runs yet. Rejects on a name used twice. */
export async function startLambda(
  specs: readonly FunctionSpec[],
  options: LambdaOptions = {},
): Promise<LocalLambda> {
  const functions = specs.map((spec) => deployFunction(spec, openLog(spec.name, options)));
  const byName = new Map(functions.map((deployed) => [deployed.spec.name, deployed]));
  if (byName.size < functions.length) throw new Error('two functions have the same name');
  const pool = createPool(functions, { ...defaults, ...options });

  const find = (name: string): DeployedFunction => {
    const deployed = byName.get(name);
    if (deployed === undefined) throw new Error(`there is no function ${name}`);
    return deployed;
  };
  return {
    invoke: async (name, event) => toInvocation(await execute(pool, find(name), event)),
    invokeStreaming: async (name, event) => {
      const execution = await execute(pool, find(name), event);
      const { answer, requestId } = execution;
      if (answer.kind !== 'stream') return toInvocation(execution);
      return { kind: 'stream', prelude: answer.prelude, body: answer.body, requestId };
    },
    warm: async (name) => {
      const deployed = find(name);
      const initialised = await initialise(pool, deployed);
      if (initialised.kind === 'failed') throw new Error(initialised.failure.errorMessage);
      pool.giveBack(deployed, initialised.sandbox);
    },
    status: () => functions.map(statusOf),
    close: async () => {
      await pool.close();
      // The last runs write their last lines a turn after their end.
      await setImmediate();
      await Promise.all(functions.map(({ log }) => log.close()));
    },
  };
}

async function toInvocation({ answer, requestId }: Execution): Promise<Invocation> {
  switch (answer.kind) {
    case 'throttled':
      return answer;
    case 'failed':
      return { kind: 'error', requestId, ...answer.failure };
    case 'buffered':
      return { kind: 'buffered', requestId, payload: parsed(answer.body.toString('utf8')) };
    case 'stream':
      return collected(answer, requestId);
  }
}

async function collected(
  { prelude, body }: Extract<Answer, { kind: 'stream' }>,
  requestId: string,
): Promise<Invocation> {
  try {
    return { kind: 'buffered', requestId, payload: { ...prelude, body: await text(body) } };
  } catch (error) {
    if (error instanceof StreamFailure) return error.failure satisfies FailedInvocation;
    throw error;
  }
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    return json;
  }
}
