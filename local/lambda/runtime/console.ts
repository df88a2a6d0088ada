import { format } from 'node:util';

const levels = [
  ['log', 'INFO'],
  ['info', 'INFO'],
  ['debug', 'DEBUG'],
  ['warn', 'WARN'],
  ['error', 'ERROR'],
  ['trace', 'TRACE'],
] as const;

/**
 * Makes `console` write what Lambda's text format writes: time, request id, level and message,
 * one line a call (line feeds inside a message become carriage returns).
 */
export function patchConsole(requestId: () => string | undefined): void {
  for (const [method, level] of levels) {
    console[method] = (...parameters: unknown[]) => {
      const message = format(...parameters).replaceAll('\n', '\r');
      const fields = [new Date().toISOString(), requestId() ?? 'undefined', level, message];
      process.stdout.write(`${fields.join('\t')}\n`);
    };
  }
}
