import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

const lockDir = 'node_modules/.cache';
const lockPath = `${lockDir}/outlast-package.pid`;
const pollMs = 100;

/**
 * Runs the work while no other process of this checkout does: packaging empties the folder that
 * another one is about to read. The lock of a process that is gone is taken over.
 */
export async function withPackageLock<T>(work: () => Promise<T>): Promise<T> {
  await mkdir(lockDir, { recursive: true });
  while (!(await takeLock())) await sleep(pollMs);
  try {
    return await work();
  } finally {
    await rm(lockPath, { force: true });
  }
}

async function takeLock(): Promise<boolean> {
  try {
    await writeFile(lockPath, String(process.pid), { flag: 'wx' });
    return true;
  } catch {
    const holder = Number(await readFile(lockPath, 'utf8').catch(() => ''));
    // Empty between another's creation and its write: not yet known, so not yet stale.
    if (holder > 0 && !isAlive(holder)) await rm(lockPath, { force: true });
    return false;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
