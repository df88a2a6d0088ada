import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { StartFault } from './start-fault.ts';

/** Where the packaged service is, in the project's folder: the template, and an archive a function. */
export const packageDir = '.serverless';
export const templatePath = `${packageDir}/cloudformation-template-update-stack.json`;

/**
 * Bundles and packages the service if its sources have changed; `onSlow` is called when that takes
 * longer than a moment. Throws `StartFault` with the output when it fails.
 */
export async function packageService(
  projectDir: string,
  options: { onSlow(): void; signal: AbortSignal },
): Promise<void> {
  const child = spawn(process.execPath, ['scripts/package.ts', '--if-stale'], {
    cwd: projectDir,
    stdio: ['ignore', 'pipe', 'pipe'],
    signal: options.signal,
  });
  const slow = setTimeout(options.onSlow, 1500);
  const ended = new Promise<string>((resolve) => {
    child.once('error', (fault) => resolve(fault.message));
    child.once('close', (code, signal) => resolve(String(signal ?? code)));
  });
  try {
    const [end, output, faults] = await Promise.all([
      ended,
      text(child.stdout),
      text(child.stderr),
    ]);
    if (end === '0') return;
    throw new StartFault(`Packaging the service failed (${end}).\n${output}${faults}`.trimEnd());
  } finally {
    clearTimeout(slow);
  }
}
