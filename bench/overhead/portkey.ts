import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { type Child, startChild } from './children.ts';
import { freePort } from './free-port.ts';

const folder = path.join(import.meta.dirname, '..', 'portkey');
const script = 'node_modules/@portkey-ai/gateway/build/start-server.js';

/** Whether its packages are there. */
export const isInstalled = (): boolean => existsSync(path.join(folder, script));

/** Installs the locked packages; none of their scripts is run. */
export const install = async (): Promise<void> => {
  await promisify(execFile)('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], {
    cwd: folder,
  });
};

/** The gateway on a free port, without its console. */
export const startPortkey = async (): Promise<Child & { readonly url: string }> => {
  const port = await freePort();
  const args = [path.join(folder, script), '--headless', `--port=${port}`];
  const child = await startChild(args, /Ready for connections/);
  return { ...child, url: `http://127.0.0.1:${port}` };
};
