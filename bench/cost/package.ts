import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { packageDir, packageService } from '../../local/package-service.ts';

/** The packaged service in a folder of its own, which no later build changes. */
export type FrozenPackage = { readonly dir: string; remove(): Promise<void> };

const withinMs = 300_000;

/** Packages the service if its sources have changed, unless a package is given. */
export const freezePackage = async (given?: string): Promise<FrozenPackage> => {
  if (given === undefined) {
    const signal = AbortSignal.timeout(withinMs);
    await packageService(process.cwd(), { onSlow: () => undefined, signal });
  }
  const dir = await mkdtemp(path.join(tmpdir(), 'outlast-package-'));
  await cp(given ?? packageDir, dir, { recursive: true });
  return { dir, remove: () => rm(dir, { recursive: true, force: true }) };
};
