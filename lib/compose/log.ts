import { jsonLog } from '../adapters/json-log.ts';
import type { Settings } from '../config.ts';

/** Lambda sets the trace anew for each invocation: `Root=1-…;Parent=…;Sampled=0`. */
const traceId = (): string | undefined =>
  /(?:^|;)Root=([^;]+)/.exec(process.env['_X_AMZN_TRACE_ID'] ?? '')?.[1];

/** The log of a function. */
export const composeLog = (service: string, { LOG_LEVEL }: Settings<'LOG_LEVEL'>) =>
  jsonLog(service, LOG_LEVEL, traceId);
