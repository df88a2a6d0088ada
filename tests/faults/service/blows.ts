import * as z from 'zod';
import type { FaultLine } from '../journal.ts';
import type { Blow } from '../plan.ts';

const statusSchema = z.object({
  functions: z.array(
    z.object({
      name: z.string(),
      sandboxes: z.array(z.object({ pid: z.number(), busy: z.boolean() })),
    }),
  ),
});

/** By function and not by sandbox, or the sweep would hardly ever be met; generations above all. */
const weights: Readonly<Record<string, number>> = { work: 4, submit: 3 };

/** A blow is not struck much later than it was planned. */
const patienceMs = 1_500;

const drawn = <T>(from: readonly T[], draw: number): T | undefined =>
  from[Math.floor(draw * from.length)];

const signal = (pid: number, name: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
};

/** Kills and freezes sandboxes of the service that runs just now. */
export const blower = (note: (line: FaultLine) => void) => {
  const frozen = new Map<number, NodeJS.Timeout>();

  const thaw = (pid: number): void => {
    clearTimeout(frozen.get(pid));
    if (frozen.delete(pid)) signal(pid, 'SIGCONT');
  };

  const victim = async (url: string, { functionDraw, sandboxDraw, sparesSweep }: Blow) => {
    const answer = await fetch(`${url}/_local/status`, { signal: AbortSignal.timeout(patienceMs) });
    const status = statusSchema.parse(await answer.json());
    const busy = status.functions
      .filter(({ name }) => !(sparesSweep && name === 'sweep'))
      .map(({ name, sandboxes }) => ({
        name,
        pids: sandboxes
          .filter((sandbox) => sandbox.busy && !frozen.has(sandbox.pid))
          .map(({ pid }) => pid),
      }))
      .filter(({ pids }) => pids.length > 0)
      .flatMap((one) => Array.from({ length: weights[one.name] ?? 1 }, () => one));
    const chosen = drawn(busy, functionDraw);
    const pid = drawn(chosen?.pids ?? [], sandboxDraw);
    return chosen === undefined || pid === undefined ? undefined : { name: chosen.name, pid };
  };

  return {
    /** Does nothing when no sandbox is at work, or the service does not answer. */
    async strike(url: string, blow: Blow): Promise<void> {
      const found = await victim(url, blow).catch(() => undefined);
      if (found === undefined) return;
      const { pid, name: functionName } = found;
      const atMs = Date.now();
      if (blow.kind === 'kill') {
        if (signal(pid, 'SIGKILL')) note({ kind: 'sandbox killed', atMs, pid, functionName });
        return;
      }
      if (!signal(pid, 'SIGSTOP')) return;
      const timer = setTimeout(() => thaw(pid), blow.forMs);
      frozen.set(pid, timer);
      const kind = blow.forMs > 55_000 ? 'sandbox frozen past its lease' : 'sandbox frozen';
      note({ kind, atMs, untilMs: atMs + blow.forMs, pid, functionName });
    },
    /** Those that stand still and would never hear that the service is gone. */
    endFrozen(): void {
      for (const pid of [...frozen.keys()]) {
        signal(pid, 'SIGKILL');
        thaw(pid);
      }
    },
  };
};
