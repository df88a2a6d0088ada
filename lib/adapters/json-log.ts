import type { Log } from '../ports/system.ts';
import { errorReport } from './error-report.ts';

const ranks = { DEBUG: 0, INFO: 1, WARN: 2, ERROR: 3 } as const;
export type LogLevel = keyof typeof ranks;

type Fields = Readonly<Record<string, unknown>>;

/** Errors are reported, not spread out: the SDKs' hold the request with its headers and body. */
const reported = (fields: Fields): Fields =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      name === 'error' || value instanceof Error ? errorReport(value) : value,
    ]),
  );

/** A log that throws would fail what it tells of. */
const toLine = (line: Fields, fields: Fields): string => {
  try {
    return JSON.stringify({ ...line, ...reported(fields) });
  } catch {
    return JSON.stringify({ ...line, unloggable: Object.keys(fields) });
  }
};

/**
 * One JSON line an event with the given fields and nothing else, on standard error from WARN on, else
 * on standard output. Written to the streams: Lambda puts words of its own before what goes through
 * `console`. `traceId` tells the trace of the present invocation. Powertools' logger writes the same line and costs the start of each function 23 kB.
 */
export const jsonLog = (
  service: string,
  least: LogLevel,
  traceId: () => string | undefined = () => undefined,
): Log => {
  const write = (level: LogLevel, event: string, fields: Fields): void => {
    if (ranks[level] < ranks[least]) return;
    const line = {
      level,
      message: event,
      timestamp: new Date().toISOString(),
      service,
      xray_trace_id: traceId(),
    };
    const stream = ranks[level] < ranks.WARN ? process.stdout : process.stderr;
    stream.write(`${toLine(line, fields)}\n`);
  };
  return {
    info: (event, fields = {}) => write('INFO', event, fields),
    warn: (event, fields = {}) => write('WARN', event, fields),
    error: (event, fields = {}) => write('ERROR', event, fields),
  };
};
