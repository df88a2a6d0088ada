import type { DeployedFunction } from './deployed-function.ts';
import { type Sandbox, startSandbox } from './sandbox.ts';

/** The bounds of a pool. */
export type PoolOptions = {
  /** Invocations of all functions at once; above it they are throttled, as an account's are. */
  accountConcurrency: number;
  /** Processes this machine is asked to hold; above it an invocation waits for one to come free. */
  maxSandboxes: number;
  /** How long a sandbox may wait unused; the last one of a function may wait for ever. */
  idleLimitMs: number;
  initLimitMs: number;
};

/** Every sandbox of every function. */
export type Pool = {
  /** Counts an invocation in; false when it must be throttled. Each `true` is owed one `leave`. */
  enter(deployed: DeployedFunction): boolean;
  leave(deployed: DeployedFunction): void;
  /**
   * The most recently used idle sandbox, else a new one, which is still in its init phase. Waits
   * while the machine is full: whoever waits for the function with the fewest at work comes first, and of
   * those who came first. Rejects when the pool is closed, or when no
   * process can be started. A new one has `initLimitMs` for its init phase, else the usual limit.
   */
  take(deployed: DeployedFunction, initLimitMs?: number): Promise<Sandbox>;
  /** Makes a sandbox that has nothing to do available again. */
  giveBack(deployed: DeployedFunction, sandbox: Sandbox): void;
  /** Kills every sandbox, and resolves when none is left. */
  close(): Promise<void>;
};

type Waiter = {
  deployed: DeployedFunction;
  initLimitMs: number | undefined;
  resolve(sandbox: Promise<Sandbox>): void;
  reject(error: Error): void;
};

/**
 * A pool with the two bounds kept apart: what AWS would throttle is throttled, but that a small
 * machine holds fewer processes than AWS only makes an invocation wait.
 */
export function createPool(functions: readonly DeployedFunction[], options: PoolOptions): Pool {
  let inFlight = 0;
  let processes = 0;
  let closed = false;
  let waiters: Waiter[] = [];
  const starts = new Set<Promise<Sandbox>>();

  const forget = (deployed: DeployedFunction, sandbox: Sandbox) => {
    deployed.idle = deployed.idle.filter((entry) => entry.sandbox !== sandbox);
    if (deployed.sandboxes.delete(sandbox)) processes -= 1;
  };

  const start = async (deployed: DeployedFunction, initLimitMs: number): Promise<Sandbox> => {
    processes += 1;
    let started: Sandbox | undefined;
    try {
      started = await startSandbox(deployed.spec, {
        initLimitMs,
        onLine: deployed.log.write,
        onExit: () => {
          if (started !== undefined) forget(deployed, started);
          serve();
        },
      });
    } catch (error) {
      processes -= 1;
      throw error;
    }
    deployed.sandboxes.add(started);
    if (closed) started.kill();
    return started;
  };

  const evictOldestIdle = (): boolean => {
    const [oldest] = functions
      .flatMap((deployed) => deployed.idle.map((entry) => ({ deployed, ...entry })))
      .sort((one, other) => one.sinceMs - other.sinceMs);
    if (oldest === undefined) return false;
    forget(oldest.deployed, oldest.sandbox);
    oldest.sandbox.kill();
    return true;
  };

  const takeNow = (
    deployed: DeployedFunction,
    initLimitMs = options.initLimitMs,
  ): Promise<Sandbox> | undefined => {
    for (let entry = deployed.idle.pop(); entry !== undefined; entry = deployed.idle.pop()) {
      if (entry.sandbox.alive()) return Promise.resolve(entry.sandbox);
    }
    if (processes >= options.maxSandboxes && !evictOldestIdle()) return undefined;
    const starting = start(deployed, initLimitMs);
    starts.add(starting);
    starting.then(
      () => starts.delete(starting),
      () => starts.delete(starting),
    );
    return starting;
  };

  /** Not in order of arrival: many replies that are held would keep out the workers they wait for. */
  const serve = () => {
    const atWork = ({ deployed }: Waiter) => deployed.sandboxes.size - deployed.idle.length;
    const served = new Set<Waiter>();
    for (const waiter of waiters.toSorted((one, other) => atWork(one) - atWork(other))) {
      const sandbox = takeNow(waiter.deployed, waiter.initLimitMs);
      if (sandbox === undefined) continue;
      served.add(waiter);
      waiter.resolve(sandbox);
    }
    waiters = waiters.filter((waiter) => !served.has(waiter));
  };

  const endUnused = () => {
    const since = Date.now() - options.idleLimitMs;
    for (const deployed of functions) {
      for (const { sandbox, sinceMs } of [...deployed.idle]) {
        if (deployed.sandboxes.size <= 1 || sinceMs > since) break;
        forget(deployed, sandbox);
        sandbox.kill();
      }
    }
  };
  const unusedTimer = setInterval(endUnused, Math.ceil(options.idleLimitMs / 5));
  unusedTimer.unref();

  return {
    enter: (deployed) => {
      const reserved = deployed.spec.maxConcurrency ?? Number.POSITIVE_INFINITY;
      if (deployed.inFlight >= reserved || inFlight >= options.accountConcurrency) return false;
      deployed.inFlight += 1;
      inFlight += 1;
      return true;
    },
    leave: (deployed) => {
      deployed.inFlight -= 1;
      inFlight -= 1;
    },
    take: (deployed, initLimitMs) => {
      if (closed) return Promise.reject(new Error('this Lambda is closed'));
      return (
        takeNow(deployed, initLimitMs) ??
        new Promise((resolve, reject) => {
          waiters.push({ deployed, initLimitMs, resolve, reject });
        })
      );
    },
    giveBack: (deployed, sandbox) => {
      if (sandbox.alive()) deployed.idle.push({ sandbox, sinceMs: Date.now() });
      serve();
    },
    close: async () => {
      closed = true;
      clearInterval(unusedTimer);
      const turnedAway = waiters;
      waiters = [];
      for (const { reject } of turnedAway) reject(new Error('this Lambda is closed'));
      await Promise.allSettled(starts);
      const live = functions.flatMap(({ sandboxes }) => [...sandboxes]);
      for (const sandbox of live) sandbox.kill();
      await Promise.all(live.map(({ exited }) => exited));
    },
  };
}
