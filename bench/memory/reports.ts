import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

export type MemoryUse = { readonly sizeMb: number; readonly usedMb: number };

const report = /Memory Size: (\d+) MB\tMax Memory Used: (\d+) MB/g;

/**
 * The most that the sandboxes of each function have used so far, by the function's name; of a
 * function that has not run, nothing.
 */
export const memoryUses = async (dataDir: string): Promise<ReadonlyMap<string, MemoryUse>> => {
  const folder = path.join(dataDir, 'logs');
  const uses = new Map<string, MemoryUse>();
  for (const file of await readdir(folder)) {
    const name = /^[a-z]+/.exec(file)?.[0];
    if (name === undefined) continue;
    for (const [, size, used] of (await readFile(path.join(folder, file), 'utf8')).matchAll(
      report,
    )) {
      const usedMb = Math.max(Number(used), uses.get(name)?.usedMb ?? 0);
      uses.set(name, { sizeMb: Number(size), usedMb });
    }
  }
  return uses;
};
