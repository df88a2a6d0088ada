import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';

/** A server in a process of its own. */
export type Child = {
  /** What its line of readiness told: a port or an address. */
  readonly ready: string;
  readonly pid: number;
  close(): Promise<void>;
};

const readyMs = 60_000;

const readyLine = (child: ChildProcess, ready: RegExp): Promise<string> => {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let printed = '';
  const giveUp = setTimeout(() => reject(new Error(`not ready: ${printed}`)), readyMs);
  child.once('exit', () => reject(new Error(`ended before it was ready: ${printed}`)));
  for (const output of [child.stdout, child.stderr]) {
    if (output === null) continue;
    createInterface(output).on('line', (line) => {
      if (printed.length < 4_000) printed += `${line}\n`;
      const found = ready.exec(line);
      if (found !== null) resolve(found[1] ?? '');
    });
  }
  return promise.finally(() => clearTimeout(giveUp));
};

/** Starts `node` with these arguments; `ready` matches the line that it prints when it serves. */
export const startChild = async (
  args: readonly string[],
  ready: RegExp,
  environment: Readonly<Record<string, string>> = {},
): Promise<Child> => {
  const { PATH, HOME, TMPDIR } = process.env;
  const child = spawn(process.execPath, args, {
    env: { PATH, HOME, TMPDIR, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const close = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
  try {
    const told = await readyLine(child, ready);
    return { ready: told, pid: child.pid ?? 0, close };
  } catch (fault) {
    await close();
    throw fault;
  }
};

/** Linux counts a process's time in hundredths of a second (proc_pid_stat(5), `sysconf(_SC_CLK_TCK)`). */
const tickMs = 10;

/** The CPU time that a process has taken, in ms; NaN where there is no /proc. */
export const cpuMsOf = async (pid: number): Promise<number> => {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * tickMs;
};
