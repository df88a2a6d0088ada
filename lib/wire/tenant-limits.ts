import { Fault } from '../errors.ts';
import { maxModelChars, resultTtlMaxMs, resultTtlMinMs } from '../limits.ts';
import { isJsonObject } from './json-object.ts';
import { describeValue, formatParam } from './param.ts';

/*
 * Read by hand and not by a schema: with this and an API key the authorizer reads no other, and zod
 * took an eighth of its start.
 */

/** `at` is where in the value something else was expected: nowhere for the value itself. */
type Read<T> =
  | { readonly value: T }
  | { readonly expected: string; readonly at: readonly number[]; readonly found: unknown };
type Reader<T> = (value: unknown) => Read<T>;

const whole = (least: number, most: number): Reader<number> => {
  const expected = `a whole number from ${least} to ${most}`;
  return (value) =>
    typeof value === 'number' && Number.isSafeInteger(value) && least <= value && value <= most
      ? { value }
      : { expected, at: [], found: value };
};

const truth: Reader<boolean> = (value) =>
  typeof value === 'boolean' ? { value } : { expected: 'true or false', at: [], found: value };

const maxPatterns = 50;
/**
 * Of one list's JSON. Both lists and the rest of an authorizer's answer stay under 8 KB, which is
 * said to be all that API Gateway takes for some kinds of API and is not documented for others
 * (https://repost.aws/questions/QUzilwCUByQz6iUi-9hwPFJQ; read 2026-11).
 */
const maxListBytes = 2048;

const patterns = (format: RegExp, expectedItem: string, least: number): Reader<string[]> => {
  const expected = `${least} to ${maxPatterns} patterns of together at most ${maxListBytes} bytes`;
  return (found) => {
    if (!Array.isArray(found)) return { expected, at: [], found };
    const list: string[] = [];
    for (const [at, item] of found.entries()) {
      if (typeof item !== 'string' || !format.test(item)) {
        return { expected: expectedItem, at: [at], found: item };
      }
      list.push(item);
    }
    const fits =
      least <= list.length &&
      list.length <= maxPatterns &&
      Buffer.byteLength(JSON.stringify(list)) <= maxListBytes;
    return fits ? { value: list } : { expected, at: [], found };
  };
};

const modelPattern = new RegExp(`^[^\\s,"\\\\\\p{Cc}\\p{Cs}]{1,${maxModelChars}}$`, 'u');
const label = '[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?';
const hostPattern = new RegExp(`^(?=.{1,253}$)(?:\\*\\.)?${label}(?:\\.${label})*$`);

const readers = {
  /** Requests that make jobs, in each minute of the clock. */
  requestsPerMinute: whole(1, 1_000_000),
  /** Jobs that run or have their message in the queue. */
  jobsInFlight: whole(1, 500),
  /** Jobs that were accepted and have not ended, running ones included. */
  queuedJobs: whole(1, 1_000_000),
  /** Jobs that have not ended beyond which no further request is held until its job has. */
  waiting: whole(1, 1_000_000),
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
  upstreamObjects: truth,
};

type Readers = typeof readers;
export type LimitName = keyof Readers;
/** What a tenant is limited to; what is absent is not limited beyond the service's own limits. */
export type TenantLimits = {
  readonly [K in LimitName]?: (Readers[K] extends Reader<infer T> ? T : never) | undefined;
};

const isLimitName = (name: string): name is LimitName => Object.hasOwn(readers, name);
export const limitNames: readonly LimitName[] = Object.keys(readers).filter(isLimitName);

const limitIn = (limits: Readonly<Record<string, unknown>>, name: LimitName): unknown => {
  const read = readers[name](limits[name]);
  if ('value' in read) return read.value;
  const param = formatParam([name, ...read.at]) ?? name;
  const found = describeValue(read.found);
  const message = `Invalid '${param}': expected ${read.expected}, got ${found}.`;
  throw new Fault('invalid_value', message, { param });
};

/**
 * A tenant's limits. Fields that are not known here are left out: a later version's limits are its
 * own to keep. Throws Fault `invalid_value` that names the limit and what it takes.
 */
export const parseTenantLimits = (value: unknown): TenantLimits => {
  if (!isJsonObject(value)) {
    throw new Fault('invalid_value', `Expected an object, got ${describeValue(value)}.`);
  }
  const given = limitNames.filter((name) => value[name] !== undefined);
  return Object.fromEntries(given.map((name) => [name, limitIn(value, name)]));
};
