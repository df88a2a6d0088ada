import { spawn } from 'node:child_process';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { sandboxEnvironment } from './environment.ts';
import type { ProcessEnd } from './failure.ts';
import type { FunctionSpec } from './invocation.ts';
import { eachLine } from './log.ts';
import { heapFlags, processMemoryMb } from './memory.ts';

/** A started runtime process. */
export type SandboxProcess = {
  pid: number;
  /** Kills the process and whatever it started. SIGKILL: Lambda warns no function without extensions. */
  kill(): void;
  /** The most memory seen so far. */
  peakMemoryMb(): number;
};

const bootstrap = path.join(import.meta.dirname, 'bootstrap.ts');
const memoryWatchMs = 50;

/**
 * Starts the runtime of a sandbox, with nothing of this process's environment. `onEnd` is called
 * once, after its last line. A memory size is enforced as the heap's limit, and where the kernel
 * tells it, over all the process holds. Throws when there is no such code root.
 */
export function startProcess(
  spec: FunctionSpec,
  runtimeApiAddress: string,
  on: { line(line: string): void; end(end: ProcessEnd): void },
): SandboxProcess {
  let outOfMemory = false;
  let peakMb = 0;
  // A group of its own, so that Ctrl-C reaches only this process, which then ends them; the pipe at
  // descriptor 3 is how they notice when it cannot.
  const preload =
    spec.preload === undefined ? [] : ['--import', String(pathToFileURL(spec.preload))];
  const child = spawn(process.execPath, [...heapFlags(spec.memoryMb), ...preload, bootstrap], {
    cwd: spec.bundleDir,
    env: sandboxEnvironment(spec, runtimeApiAddress, new Date()),
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
    detached: true,
  });
  const { pid, stdout, stderr } = child;
  if (pid === undefined || stdout === null || stderr === null) {
    child.once('error', () => undefined);
    throw new Error(`no sandbox can be started in ${spec.bundleDir}`);
  }
  const kill = () => killGroup(pid);
  const watch = setInterval(() => {
    const usedMb = processMemoryMb(pid) ?? 0;
    peakMb = Math.max(peakMb, usedMb);
    if (usedMb <= spec.memoryMb) return;
    outOfMemory = true;
    kill();
  }, memoryWatchMs);
  watch.unref();

  eachLine(stdout, on.line);
  eachLine(stderr, (line) => {
    if (line.includes('JavaScript heap out of memory')) outOfMemory = true;
    on.line(line);
  });
  child.once('error', () => undefined);
  child.once('exit', () => {
    clearInterval(watch);
    kill();
  });
  child.once('close', (code, signal) => on.end({ code, signal, outOfMemory }));
  return {
    pid,
    kill,
    peakMemoryMb: () => {
      peakMb = Math.max(peakMb, processMemoryMb(pid) ?? 0);
      return peakMb;
    },
  };
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // Nobody is left of that group.
  }
}
