import type { Tenant } from '../../lib/ports/tenants.ts';

export type LimitName = keyof Tenant['limits'];

type LimitFlag = {
  readonly flag: string;
  /** What stands for its value in the usage. */
  readonly value: string;
  /** A flag's text as the value that the limit is set to; what it cannot be is told by the limit. */
  readonly read: (text: string) => unknown;
  /** How it is shown, unit included. */
  readonly title: string;
  readonly show: (value: unknown) => string;
};

const readNumber = (text: string): unknown => (/^\d{1,15}$/.test(text) ? Number(text) : text);
const readList = (text: string): unknown =>
  text === 'none' ? [] : text.split(',').map((item) => item.trim());
const readYesOrNo = (text: string): unknown =>
  text === 'yes' || text === 'no' ? text === 'yes' : text;

const showList = (value: unknown): string =>
  Array.isArray(value) && value.length > 0 ? value.join(', ') : 'none';

const number = (flag: string, title: string, unit = ''): LimitFlag => ({
  flag,
  value: 'N',
  read: readNumber,
  title,
  show: (value) => `${String(value)}${unit}`,
});
const list = (flag: string, value: string, title: string): LimitFlag => ({
  flag,
  value,
  read: readList,
  title,
  show: showList,
});

export const limitFlags: Readonly<Record<LimitName, LimitFlag>> = {
  requestsPerMinute: number('requests-per-minute', 'requests per minute'),
  jobsInFlight: number('jobs-in-flight', 'jobs running at once'),
  queuedJobs: number('queued-jobs', 'jobs accepted and not ended'),
  waiting: number('waiting', 'jobs not ended beyond which requests are not held'),
  tokensPerDay: number('tokens-per-day', 'tokens per day (UTC)'),
  models: list('models', 'a,b*', 'models'),
  callbackHosts: list('callback-hosts', 'a.example,*.b.example|none', 'callback hosts'),
  resultTtlSeconds: {
    ...number('result-ttl', 'results kept at most', ' s after the job’s deadline'),
    value: 'SECONDS',
  },
  upstreamObjects: {
    flag: 'upstream-objects',
    value: 'yes|no',
    read: readYesOrNo,
    title: 'objects of the upstream’s account',
    show: (value) => (value === true ? 'may be named' : 'refused'),
  },
};

export const limitEntries = Object.entries(limitFlags) as readonly (readonly [
  LimitName,
  LimitFlag,
])[];
