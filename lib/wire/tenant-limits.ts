import * as z from 'zod/mini';
import { maxModelChars, resultTtlMaxMs, resultTtlMinMs } from '../limits.ts';
import { schemaFault } from './schema-fault.ts';

const whole = (least: number, most: number) => {
  const expected = `a whole number from ${least} to ${most}`;
  return z.optional(z.int(expected).check(z.gte(least, expected), z.lte(most, expected)));
};

const maxPatterns = 50;
/**
 * Of one list's JSON. Both lists and the rest of an authorizer's answer stay under 8 KB, which is
 * said to be all that API Gateway takes for some kinds of API and is not documented for others
 * (https://repost.aws/questions/QUzilwCUByQz6iUi-9hwPFJQ; read 2026-11).
 */
const maxListBytes = 2048;

const patterns = (format: RegExp, expectedItem: string, least: number) => {
  const expected = `${least} to ${maxPatterns} patterns of together at most ${maxListBytes} bytes`;
  return z.optional(
    z.array(z.string(expectedItem).check(z.regex(format, expectedItem)), expected).check(
      z.minLength(least, expected),
      z.maxLength(maxPatterns, expected),
      z.refine((list) => Buffer.byteLength(JSON.stringify(list)) <= maxListBytes, expected),
    ),
  );
};

const modelPattern = new RegExp(`^[^\\s,"\\\\\\p{Cc}\\p{Cs}]{1,${maxModelChars}}$`, 'u');
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostPattern = new RegExp(`^(?=.{1,253}$)(?:\\*\\.)?${label}(?:\\.${label})*$`);

const limitsSchema = z.object(
  {
    /** Requests that make jobs, in each minute of the clock. */
    requestsPerMinute: whole(1, 1_000_000),
    /** Jobs that run or have their message in the queue. */
    jobsInFlight: whole(1, 500),
    /** Jobs that were accepted and have not ended, running ones included. */
    queuedJobs: whole(1, 1_000_000),
    /** Input and output tokens of a day in UTC. */
    tokensPerDay: whole(1, 1_000_000_000_000),
    /** Which models may be asked for; `*` is any run of characters. */
    models: patterns(modelPattern, 'a model or a pattern such as gpt-5*, without spaces', 1),
    /** Where callbacks may go; `*.example.com` is every host below it, and none is nowhere. */
    callbackHosts: patterns(
      hostPattern,
      'a host such as hooks.example.com or *.example.com, in lower case',
      0,
    ),
    /** The longest that a result may be kept after its job's deadline. */
    resultTtlSeconds: whole(resultTtlMinMs / 1000, resultTtlMaxMs / 1000),
    /** Whether requests may name what lives in the upstream's account, such as files. */
    upstreamObjects: z.optional(z.boolean('true or false')),
  },
  'an object',
);

/** What a tenant is limited to; what is absent is not limited beyond the service's own limits. */
export type TenantLimits = Readonly<z.infer<typeof limitsSchema>>;
export type LimitName = keyof TenantLimits;

export const limitNames: readonly LimitName[] = z.keyof(limitsSchema).options;

/**
 * A tenant's limits. Fields that are not known here are left out: a later version's limits are its
 * own to keep. Throws Fault `invalid_value` that names the limit and what it takes.
 */
export const parseTenantLimits = (value: unknown): TenantLimits => {
  const parsed = limitsSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw schemaFault(parsed.error, value);
};
