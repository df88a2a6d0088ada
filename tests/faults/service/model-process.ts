import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** The demo model in a process of its own, so that it outlives the service's restarts. */
export type ModelProcess = { readonly baseUrl: string; close(): Promise<void> };

export const startModel = async (): Promise<ModelProcess> => {
  const child = spawn(process.execPath, ['local/demo-model/main.ts', '--port', '0'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  createInterface(child.stdout).on('line', (line) => {
    const url = /ready at (\S+)/.exec(line)?.[1];
    if (url !== undefined) resolve(url);
  });
  exited.then(
    () => reject(new Error('the demo model ended before it was ready')),
    (fault: unknown) => reject(fault),
  );
  return {
    baseUrl: await promise,
    close: async () => {
      child.kill('SIGTERM');
      await exited;
    },
  };
};
