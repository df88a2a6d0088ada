import { readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { faultMessage, StartFault } from './start-fault.ts';
import type { TemplateFunction } from './template/functions.ts';
import { unpackZip } from './unpack-zip.ts';

/**
 * Unpacks the archive of a function, as it would be uploaded, into a folder of its own below
 * `codeDir`: what a sandbox finds there is what it finds on Lambda. Resolves to the folder; throws
 * `StartFault`.
 */
export async function unpackFunction(
  { name, archive }: Pick<TemplateFunction, 'name' | 'archive'>,
  packageDir: string,
  codeDir: string,
): Promise<string> {
  const taskRoot = path.join(codeDir, name);
  try {
    await rm(taskRoot, { recursive: true, force: true });
    await unpackZip(await readFile(path.join(packageDir, archive)), taskRoot);
  } catch (cause) {
    const reason = faultMessage(cause);
    throw new StartFault(`The packaged function ${name} cannot be unpacked: ${reason}`, { cause });
  }
  return taskRoot;
}
