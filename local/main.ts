import path from 'node:path';
import { type Runtime, startRuntime } from './runtime.ts';
import { readSettings, type Settings } from './settings.ts';
import { StartFault } from './start-fault.ts';
import { describeUpstream } from './upstream.ts';

const closeWithinMs = 2000;
// A terminal's Ctrl-C reaches this process twice under npm: from the terminal, and passed on by npm.
const sameCtrlCMs = 500;

const orphanCheckMs = 500;

const resources = new AsyncDisposableStack();
const stopping = new AbortController();
let stoppingSinceMs: number | undefined;

/** Closes everything and ends the process, at the latest after a moment. */
async function end(exitCode: number): Promise<never> {
  setTimeout(() => process.exit(exitCode), closeWithinMs).unref();
  try {
    await resources.disposeAsync();
  } catch {
    // What could not be closed goes with the process.
  }
  process.exit(exitCode);
}

function stop(): void {
  if (stoppingSinceMs !== undefined) return;
  stoppingSinceMs = performance.now();
  stopping.abort();
  void end(0);
}

function onSignal(): void {
  const insisted =
    stoppingSinceMs !== undefined && performance.now() - stoppingSinceMs > sameCtrlCMs;
  if (insisted) process.exit(130);
  stop();
}

/** The path from here when it is below this folder, else the whole. */
function shortPath(absolutePath: string): string {
  const relative = path.relative('', absolutePath);
  return relative.startsWith('..') ? absolutePath : relative;
}

function announce(runtime: Runtime, settings: Settings): void {
  const { baseUrl, apiKey, logDir, upstream } = runtime;
  const prompt = '{"prompt": "Why do rivers bend?"}';
  const lines = [
    `Outlast is ready at ${baseUrl}`,
    `API key: ${apiKey} (tenant local)`,
    `curl ${baseUrl}/generate -H 'Authorization: Bearer ${apiKey}' -H 'Content-Type: application/json' -d '${prompt}'`,
    ...describeUpstream(upstream),
    `Logs: ${shortPath(logDir)}${settings.verbose ? ', and here' : ''}`,
  ];
  console.log(lines.join('\n'));
}

async function start(): Promise<void> {
  const reading = readSettings(process.env, process.argv.slice(2));
  if (reading.kind === 'faulty') throw new StartFault(reading.faults.join('\n'));
  const { settings } = reading;
  const runtime = await startRuntime(
    {
      projectDir: path.dirname(import.meta.dirname),
      settings,
      host: process.env,
      say: (line) => console.log(line),
      complain: (fault) => console.error(fault),
      signal: stopping.signal,
    },
    resources,
  );
  announce(runtime, settings);
}

process.on('SIGINT', onSignal);
process.on('SIGTERM', onSignal);
// npm that is told to end kills its shell and leaves what the shell has started.
const { ppid } = process;
if (process.env['npm_lifecycle_event'] !== undefined) {
  setInterval(() => process.ppid !== ppid && stop(), orphanCheckMs).unref();
}
try {
  await start();
} catch (fault) {
  if (stoppingSinceMs === undefined) {
    console.error(fault instanceof StartFault ? fault.message : fault);
    await end(1);
  }
}
