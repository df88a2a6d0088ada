import type { ListedUpstream } from './config/upstream-list.ts';
import { Fault } from './errors.ts';
import { parkAfterMs, waitMaxMs } from './limits.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** Reads one variable; a fault is returned as the words that follow the variable's name. */
export type Reader<T> = (
  value: string | undefined,
) => { readonly value: T } | { readonly fault: string };

const required: Reader<string> = (value) =>
  value === undefined ? { fault: 'is missing' } : { value };

const optional: Reader<string | undefined> = (value) => ({ value });

const isHttpUrl = (value: string): boolean =>
  URL.canParse(value) && ['http:', 'https:'].includes(new URL(value).protocol);

const optionalUrl: Reader<string | undefined> = (value) =>
  value === undefined || isHttpUrl(value)
    ? { value: value?.replace(/\/+$/, '') }
    : { fault: `is not an http or https URL: ${JSON.stringify(value)}` };

/** A URL that may hold credentials, which it must not, is not repeated in the fault. */
const upstreamUrl: Reader<string | undefined> = (value) => {
  if (value?.includes('@')) return { fault: 'is not an http or https URL without credentials' };
  return optionalUrl(value);
};

const requiredUrl: Reader<string> = (value) => {
  if (value === undefined) return { fault: 'is missing' };
  return isHttpUrl(value)
    ? { value }
    : { fault: `is not an http or https URL: ${JSON.stringify(value)}` };
};

const milliseconds =
  (fallback: number, most: number): Reader<number> =>
  (value) => {
    if (value === undefined) return { value: fallback };
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN;
    return number <= most
      ? { value: number }
      : { fault: `is not a whole number of milliseconds up to ${most}: ${JSON.stringify(value)}` };
  };

/** Undefined for `never`. */
const parkAfter: Reader<number | undefined> = (value) =>
  value === 'never' ? { value: undefined } : milliseconds(parkAfterMs, waitMaxMs)(value);

const countFrom1 =
  (fallback: number): Reader<number> =>
  (value) => {
    if (value === undefined) return { value: fallback };
    return /^[1-9]\d{0,5}$/.test(value)
      ? { value: Number(value) }
      : { fault: `is not a whole number from 1 on: ${JSON.stringify(value)}` };
  };

const withDefault =
  (fallback: string): Reader<string> =>
  (value) => ({ value: value ?? fallback });

/** One of a few words; the fault does not repeat what was there instead. */
const oneOf =
  <T extends string, F extends T | undefined>(words: readonly T[], fallback: F): Reader<T | F> =>
  (value) => {
    if (value === undefined) return { value: fallback };
    const word = words.find((known) => known === value);
    return word === undefined ? { fault: `is none of ${words.join(', ')}` } : { value: word };
  };

const yesOrNo: Reader<boolean> = (value = 'no') =>
  value === 'yes' || value === 'no'
    ? { value: value === 'yes' }
    : { fault: 'is neither yes nor no' };

const logLevel: Reader<LogLevel> = (value = 'INFO') => {
  const level = logLevels.find((known) => known === value.toUpperCase());
  return level === undefined
    ? { fault: `is none of ${logLevels.join(', ')}: ${JSON.stringify(value)}` }
    : { value: level };
};

const isOrigin = (value: string): boolean =>
  value === '*' || (isHttpUrl(value) && new URL(value).origin === value);

const origins: Reader<readonly string[]> = (value = '') => {
  const list = value.split(',').flatMap((origin) => (origin.trim() === '' ? [] : [origin.trim()]));
  const wrong = list.filter((origin) => !isOrigin(origin));
  return wrong.length === 0
    ? { value: list }
    : { fault: `holds what is not an origin like https://example.com: ${wrong.join(', ')}` };
};

const logLevels = ['DEBUG', 'INFO', 'WARN', 'ERROR'] as const;
export type LogLevel = (typeof logLevels)[number];

/** Of the variables that cost nothing to be able to read. */
export const readers = {
  TABLE_NAME: required,
  JOBS_QUEUE_URL: requiredUrl,
  DELIVERIES_QUEUE_URL: requiredUrl,
  CALLBACK_HTTP_LOOPBACK: yesOrNo,
  SLOW_DELIVERY_CONCURRENCY: countFrom1(1),
  OPENAI_API_KEY: optional,
  OPENAI_API_KEY_PARAMETER: optional,
  OPENAI_BASE_URL: upstreamUrl,
  OPENAI_MODEL: withDefault('gpt-5-mini'),
  OPENAI_PROTOCOL: oneOf(['chat', 'responses'], undefined),
  UPSTREAM_BACKGROUND: oneOf(['auto', 'never'], 'auto'),
  ADMIT_UNSEEN: oneOf(['queued', 'inline'], 'queued'),
  PARK_AFTER_MS: parkAfter,
  WAIT_DEFAULT_MS_GENERATE: milliseconds(25_000, waitMaxMs),
  WAIT_DEFAULT_MS_RESPONSES: milliseconds(waitMaxMs, waitMaxMs),
  WAIT_DEFAULT_MS_CHAT: milliseconds(waitMaxMs, waitMaxMs),
  PUBLIC_BASE_URL: optionalUrl,
  CORS_ORIGINS: origins,
  LOCAL_API_KEY: optional,
  LOG_LEVEL: logLevel,
} as const;

type Readers = typeof readers & { readonly UPSTREAMS: Reader<readonly ListedUpstream[]> };
type Value<R> = R extends Reader<infer T> ? T : never;
type Values<R, N extends keyof R> = { readonly [K in N]: Value<R[K]> };
export type Settings<N extends keyof Readers> = Values<Readers, N>;

/** `readSettings` by readers of the caller's. */
export const readBy = <N extends string, R extends Readonly<Record<N, Reader<unknown>>>>(
  by: R,
  environment: Environment,
  names: readonly N[],
): Values<R, N> => {
  const settings: Partial<Record<N, unknown>> = {};
  const faults: string[] = [];
  for (const name of names) {
    const raw = environment[name]?.trim();
    const read = by[name](raw === '' ? undefined : raw);
    if ('fault' in read) faults.push(`${name} ${read.fault}`);
    else settings[name] = read.value;
  }
  if (faults.length > 0) {
    throw new Fault('misconfigured', `The configuration is wrong: ${faults.join('; ')}.`);
  }
  return Object.freeze(settings) as Values<R, N>;
};

/**
 * The named variables, frozen; an empty one counts as missing. Throws one Fault `misconfigured` that
 * lists every fault.
 */
export const readSettings = <N extends keyof typeof readers>(
  environment: Environment,
  names: readonly N[],
): Settings<N> => readBy(readers, environment, names);
