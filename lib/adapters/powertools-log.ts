import { Logger } from '@aws-lambda-powertools/logger';
import type { Log } from '../ports/system.ts';
import { errorReport } from './error-report.ts';

export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR';

type Fields = Readonly<Record<string, unknown>>;

/** Errors are reported here: Powertools would log every property an error carries. */
const reported = (fields: Fields): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      name === 'error' || value instanceof Error ? errorReport(value) : value,
    ]),
  );

/** One JSON line an event on standard output or error, with the given fields and nothing else. */
export const powertoolsLog = (service: string, level: LogLevel): Log => {
  const logger = new Logger({ serviceName: service, logLevel: level });
  return {
    info: (event, fields = {}) => logger.info(event, reported(fields)),
    warn: (event, fields = {}) => logger.warn(event, reported(fields)),
    error: (event, fields = {}) => logger.error(event, reported(fields)),
  };
};
