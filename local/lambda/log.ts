import { createWriteStream, mkdirSync } from 'node:fs';
import path from 'node:path';
import type { Readable } from 'node:stream';

/** Where the lines of a function's log go. */
export type LogOptions = {
  /** Folder that gets one `<function>.log`, appended to; without it no file is written. */
  logDir?: string;
  onLog?: (line: string, functionName: string) => void;
};

/** The log of one function. */
export type FunctionLog = { write(line: string): void; close(): Promise<void> };

/** Opens the log of a function; a file that cannot be written is reported once, and then let be. */
export function openLog(functionName: string, { logDir, onLog }: LogOptions): FunctionLog {
  if (logDir === undefined) {
    return { write: (line) => onLog?.(line, functionName), close: async () => undefined };
  }
  mkdirSync(logDir, { recursive: true });
  const file = createWriteStream(path.join(logDir, `${functionName}.log`), { flags: 'a' });
  file.once('error', (error) => onLog?.(`the log cannot be written: ${error}`, functionName));
  file.on('error', () => undefined);
  return {
    write: (line) => {
      file.write(`${line}\n`);
      onLog?.(line, functionName);
    },
    close: () =>
      file.destroyed ? Promise.resolve() : new Promise((resolve) => file.end(() => resolve())),
  };
}

/** Calls `onLine` for each line of a text stream, the last one too when it lacks its line feed. */
export function eachLine(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    const lines = `${rest}${text}`.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
