import { Fault } from '../errors.ts';
import {
  deadlineDefaultMs,
  deadlineMaxMs,
  resultTtlDefaultMs,
  resultTtlMaxMs,
  resultTtlMinMs,
} from '../limits.ts';

/** How long a job may take and how long its result is kept. */
export type RequestTimes = {
  /** From acceptance to the end. */
  readonly deadlineMs: number;
  /** From completion on. */
  readonly resultTtlMs: number;
};

type Range = { readonly from: number; readonly to: number; readonly unit: string };

const wholeNumber = (name: string, value: string | undefined, range: Range): number | undefined => {
  if (value === undefined) return undefined;
  const number = /^\d{1,15}$/.test(value) ? Number(value) : Number.NaN;
  if (number >= range.from && number <= range.to) return number;
  throw new Fault(
    'invalid_value',
    `Invalid header ${name}: expected a whole number of ${range.unit} from ${range.from} to ${range.to}, got ${JSON.stringify(value.slice(0, 40))}.`,
    { param: name },
  );
};

/**
 * X-Deadline-Ms (milliseconds, at most 24 h) and X-Result-TTL (seconds, 1 minute to 30 days, or to the
 * tenant's maximum), or their defaults. Throws Fault `invalid_value` naming the header.
 */
export const parseRequestTimes = (
  headers: Readonly<Record<string, string>>,
  maxResultTtlSeconds = resultTtlMaxMs / 1000,
): RequestTimes => {
  const deadlineMs = wholeNumber('X-Deadline-Ms', headers['x-deadline-ms'], {
    from: 1,
    to: deadlineMaxMs,
    unit: 'milliseconds',
  });
  const resultTtlSeconds = wholeNumber('X-Result-TTL', headers['x-result-ttl'], {
    from: resultTtlMinMs / 1000,
    to: maxResultTtlSeconds,
    unit: 'seconds',
  });
  return {
    deadlineMs: deadlineMs ?? deadlineDefaultMs,
    resultTtlMs:
      resultTtlSeconds === undefined
        ? Math.min(resultTtlDefaultMs, maxResultTtlSeconds * 1000)
        : resultTtlSeconds * 1000,
  };
};
